// pktpool with the policies in POOL, which CMakeLists.txt defines.
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "workloads.hpp"

import pktpool;

namespace {

/// hardened, with the call site of few acquires.
struct [[maybe_unused]] one_in_64 : pktpool::hardened {
    static constexpr std::uint32_t call_sites_one_in = 64;
};

template <class Pool>
class pktpool_contender {
public:
    using handle = typename Pool::packet_ptr;

    explicit pktpool_contender(std::size_t) {}

    handle acquire(std::size_t size) { return pool_.acquire(size); }
    void release(handle p) { pool_.release(std::move(p)); }
    static std::byte* data(handle const& p) { return p->data(); }
    void decay() { pool_.decay(); }

    void acquire(std::size_t size, std::span<handle> into)
        requires requires(Pool pool) { pool.acquire(size, into); }
    {
        pool_.acquire(size, into);
    }
    void release(std::span<handle> from)
        requires requires(Pool pool) { pool.release(from); }
    {
        pool_.release(from);
    }

private:
    Pool pool_;
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run<pktpool_contender<POOL>>(argc, argv);
}
