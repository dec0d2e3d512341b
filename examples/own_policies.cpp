// Your own policies: how many idle packets stay, where memory comes from, which threads may use the
// pool.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <new>
#include <source_location>
#include <string_view>

import pktpool;

namespace {

/// A retention policy: up to the limit of the bucket, and each decay frees half of the idle
/// packets.
struct halved {
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
    static constexpr std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        return (counts.idle + 1) / 2;
    }
};

/// A memory source: the heap, up to a budget that all pools of the program share. It has no state
/// of its own, so a handle has none either.
struct heap_with_budget {
    static inline std::size_t left = 4096;

    static void* allocate(std::size_t bytes)
    {
        if (bytes > left) {
            throw std::bad_alloc();
        }
        void* const memory = ::operator new(bytes, std::align_val_t{pktpool::packet_alignment});
        left -= bytes;
        return memory;
    }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        ::operator delete(memory, std::align_val_t{pktpool::packet_alignment});
        left += bytes;
    }
};

/// A threading policy: the pool is used by one thread, which says so while it is in its loop.
class inside_the_loop {
public:
    static inline thread_local bool is_inside = false;

    struct nothing {}; // or a lock, which is held until the end of the operation
    static nothing enter(std::string_view operation, std::source_location where) noexcept
    {
        if (!is_inside) {
            std::printf("line %u: %.*s outside of the loop\n", static_cast<unsigned>(where.line()),
                        static_cast<int>(operation.size()), operation.data());
        }
        return {};
    }
    static void detach() noexcept {}
};

using my_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, inside_the_loop, halved,
                                           heap_with_budget>;

} // namespace

int main()
{
    my_pool pool;
    inside_the_loop::is_inside = true;
    pool.reserve(20, 5);
    pool.decay();
    std::printf("idle after a decay: %zu of 5\n", pool.idle().count);
    try {
        pool.reserve(1472, 10);
    } catch (std::bad_alloc const&) {
        std::printf("no memory for ten large packets, idle: %zu\n", pool.idle().count);
    }
    inside_the_loop::is_inside = false;
    pool.trim();
    std::printf("left: %zu bytes\n", heap_with_budget::left);
}
