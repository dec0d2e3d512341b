// malloc on one thread and free on another. The same program is measured with the allocator of the
// C library and with others preloaded.
#include <cstddef>
#include <span>
#include <utility>

#include "../malloc_pool.hpp"
#include "memory.hpp"
#include "run.hpp"

namespace {

class malloc_memory {
    using pool = bench::malloc_pool;

public:
    using handle = pool::handle;
    struct membership {};
    static constexpr bool keeps_order = false;

    explicit malloc_memory(bench::extent const&) {}

    static handle acquire(std::size_t size) { return pool::acquire(size); }
    static void acquire(std::size_t size, std::span<handle> batch)
    {
        for (auto& p : batch) {
            p = pool::acquire(size);
        }
    }
    static void release(handle p) { p.reset(); }
    static void release(std::span<handle> batch)
    {
        for (auto& p : batch) {
            p.reset();
        }
    }
    static std::byte* data(handle const& p) { return pool::data(p); }
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run_handoff<malloc_memory>(argc, argv);
}
