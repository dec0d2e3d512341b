// pktpool with the policies in POLICIES, which CMakeLists.txt defines.
#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "memory.hpp"
#include "run.hpp"

import pktpool;

namespace {

struct buckets_of_handoff {
    static constexpr auto buckets = [] {
        std::array<pktpool::bucket, bench::handoff_capacities.size()> made{};
        std::ranges::transform(bench::handoff_capacities, made.begin(), [](std::size_t size) {
            return pktpool::bucket{.size = size, .limit = 16};
        });
        return made;
    }();
};

class pktpool_memory {
    using pool = pktpool::basic_packet_pool<buckets_of_handoff, POLICIES, pktpool::demand_tracked,
                                            pktpool::return_on_drop>;

public:
    using handle = pool::packet_ptr;
    struct membership {};
    static constexpr bool keeps_order = false;

    explicit pktpool_memory(bench::extent const&) {}

    handle acquire(std::size_t size) { return pool_.acquire(size); }
    void acquire(std::size_t size, std::span<handle> batch) { pool_.acquire(size, batch); }
    void release(handle p) { pool_.release(std::move(p)); }
    void release(std::span<handle> batch) { pool_.release(batch); }
    static std::byte* data(handle const& p) { return p->data(); }

private:
    pool pool_;
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run_handoff<pktpool_memory>(argc, argv);
}
