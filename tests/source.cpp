#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

/// Counts what it gives; two are the same when they count in the same place.
struct counting_source {
    int* live;

    void* allocate(std::size_t bytes)
    {
        void* const memory = pktpool::heap_source::allocate(bytes);
        ++*live;
        return memory;
    }
    void deallocate(void* memory, std::size_t bytes) noexcept
    {
        --*live;
        pktpool::heap_source::deallocate(memory, bytes);
    }
    bool operator==(counting_source const&) const = default;
};

using counted_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets,
                                                pktpool::single_threaded, counting_source>;
using counted_slab =
    pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, counting_source>;

/// Checks that a packet comes back with the number of bytes that it was allocated with.
struct exact_source {
    static inline std::vector<std::pair<void*, std::size_t>> given;

    static void* allocate(std::size_t bytes)
    {
        given.emplace_back(pktpool::heap_source::allocate(bytes), bytes);
        return given.back().first;
    }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        CHECK(std::erase(given, std::pair(memory, bytes)) == 1);
        pktpool::heap_source::deallocate(memory, bytes);
    }
};

} // namespace

TEST_CASE("source: the heap gives aligned memory and takes it back")
{
    auto const before = live_allocations();
    for (std::size_t const bytes : {1U, 17U, 100U, 70000U}) {
        void* const memory = pktpool::heap_source::allocate(bytes);
        CHECK(reinterpret_cast<std::uintptr_t>(memory) % pktpool::packet_alignment == 0);
        pktpool::heap_source::deallocate(memory, bytes);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("source: every packet goes back to where it came from")
{
    int live = 0;
    counted_pool::packet_ptr survivor{nullptr, counted_pool::packet_ptr::deleter_type({&live})};
    {
        counted_pool pool{counting_source{&live}};
        survivor = pool.acquire(1);
        auto kept = pool.acquire(1);
        auto exact = pool.acquire(2000);
        CHECK(live == 3);
        pool.release(std::move(kept));
        CHECK(live == 3);
        pool.release(std::move(exact));
        CHECK(live == 2);
    }
    CHECK(live == 1);
    survivor.reset();
    CHECK(live == 0);
}

TEST_CASE("source: a packet of another source is freed there, not kept")
{
    int here = 0;
    int there = 0;
    counted_pool pool{counting_source{&here}};
    counted_pool other{counting_source{&there}};
    pool.release(other.acquire(1));
    CHECK(pool.idle().count == 0);
    CHECK(there == 0);

    counted_slab slab(20, 10, counting_source{&here});
    auto p = other.acquire(1);
    CHECK_FALSE(slab.try_push_back(p));
    CHECK(p == nullptr);
    CHECK(there == 0);
    CHECK(slab.idle().count == 0);
}

TEST_CASE("source: bytes are the same on both ways")
{
    {
        pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                                   exact_source>
            pool;
        pool.release(pool.acquire(0));
        pool.release(pool.acquire(600));
        pool.release(pool.acquire(65535));
        auto const dropped = pool.acquire(21);
    }
    CHECK(exact_source::given.empty());
}
