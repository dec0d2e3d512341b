#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

/// Counts its blocks; two sources are equal when they use the same counter.
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
using counted_returning_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               counting_source, pktpool::return_on_drop>;
using counted_slab =
    pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, counting_source>;

/// Checks that a packet is freed with the number of bytes that it was allocated with.
struct exact_source {
    static inline std::vector<std::pair<void*, std::size_t>> blocks;

    static void* allocate(std::size_t bytes)
    {
        blocks.emplace_back(pktpool::heap_source::allocate(bytes), bytes);
        return blocks.back().first;
    }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        CHECK(std::erase(blocks, std::pair(memory, bytes)) == 1);
        pktpool::heap_source::deallocate(memory, bytes);
    }
};

using pmr_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                                            pktpool::pmr_source>;
using adaptive_pmr_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::pmr_source, pktpool::demand_tracked,
                               pktpool::return_on_drop>;

/// `left` allocations succeed. Counts live blocks; checks size and alignment.
class counting_resource final : public std::pmr::memory_resource {
public:
    std::size_t left = 1000;
    std::size_t bytes = 0;

private:
    void* do_allocate(std::size_t size, std::size_t alignment) override
    {
        CHECK(alignment == pktpool::packet_alignment);
        if (left == 0) {
            throw std::bad_alloc();
        }
        --left;
        bytes += size;
        return std::pmr::new_delete_resource()->allocate(size, alignment);
    }
    void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override
    {
        bytes -= size;
        std::pmr::new_delete_resource()->deallocate(memory, size, alignment);
    }
    [[nodiscard]] bool do_is_equal(memory_resource const& other) const noexcept override
    {
        return this == &other;
    }
};

} // namespace

TEST_CASE("source: heap_source returns aligned memory and frees it")
{
    auto const before = live_allocations();
    for (std::size_t const bytes : {1U, 17U, 100U, 70000U}) {
        void* const memory = pktpool::heap_source::allocate(bytes);
        CHECK(reinterpret_cast<std::uintptr_t>(memory) % pktpool::packet_alignment == 0);
        pktpool::heap_source::deallocate(memory, bytes);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("source: packets of cache_line_source start at a cache line")
{
    auto const before = live_allocations();
    {
        pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_owner,
                                   pktpool::cache_line_source>
            pool;
        for (std::size_t const size : {1U, 548U, 1472U, 3000U}) {
            std::array<decltype(pool)::packet_ptr, 8> batch;
            pool.acquire(size, batch);
            for (auto const& p : batch) {
                CHECK(reinterpret_cast<std::uintptr_t>(p.get()) % 64 == 0);
            }
        }
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("source: every packet is freed by the source that allocated it")
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

TEST_CASE("source: allocate and deallocate get the same number of bytes")
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
    CHECK(exact_source::blocks.empty());
}

TEST_CASE_TEMPLATE("source: packets of a memory resource return to it", Pool, pmr_pool,
                   adaptive_pmr_pool)
{
    counting_resource upstream;
    {
        Pool pool{pktpool::pmr_source(upstream)};
        auto p = pool.acquire(100);
        auto exact = pool.acquire(5000);
        CHECK(upstream.bytes == 548 + 5000 + 2 * sizeof(pktpool::packet));
        pool.release(std::move(p));
        Pool moved = std::move(pool);
        CHECK(moved.idle().count == 1);
        exact.reset();
        CHECK(upstream.bytes == 548 + sizeof(pktpool::packet));
    }
    CHECK(upstream.bytes == 0);
}

TEST_CASE_TEMPLATE("source: the pool is unchanged when a memory resource fails", Pool, pmr_pool,
                   adaptive_pmr_pool)
{
    counting_resource upstream;
    Pool pool{pktpool::pmr_source(upstream)};
    pool.release(pool.acquire(100));
    upstream.left = 0;
    auto p = pool.acquire(100);
    CHECK_THROWS_AS(static_cast<void>(pool.acquire(100)), std::bad_alloc);
    CHECK_THROWS_AS(static_cast<void>(pool.acquire(5000)), std::bad_alloc);
    CHECK_THROWS_AS(pool.reserve(1, 1), std::bad_alloc);
    pool.release(std::move(p));
    CHECK(pool.idle().count == 1);
}

TEST_CASE_TEMPLATE("source: a monotonic buffer works until it is full", Pool, pmr_pool,
                   adaptive_pmr_pool)
{
    std::array<std::byte, 4096> memory{};
    std::pmr::monotonic_buffer_resource upstream(memory.data(), memory.size(),
                                                 std::pmr::null_memory_resource());
    Pool pool{pktpool::pmr_source(upstream)};
    auto first = pool.acquire(1472);
    auto second = pool.acquire(1472);
    CHECK_THROWS_AS(static_cast<void>(pool.acquire(1472)), std::bad_alloc);
    pool.release(std::move(first));
    CHECK_NOTHROW(first = pool.acquire(1472));
}

TEST_CASE("source: pmr_source{} uses the default resource")
{
    counting_resource upstream;
    auto* const before = std::pmr::set_default_resource(&upstream);
    {
        pmr_pool pool;
        auto const p = pool.acquire(1);
        CHECK(upstream.bytes == 20 + sizeof(pktpool::packet));
    }
    CHECK(upstream.bytes == 0);
    std::pmr::set_default_resource(before);
}

TEST_CASE_TEMPLATE("source: a move assignment also assigns the source", Pool, counted_pool,
                   counted_returning_pool)
{
    int here = 0;
    int there = 0;
    {
        Pool unused{counting_source{&here}};
        unused = Pool(counting_source{&there});
        unused.release(unused.acquire(1));
        CHECK(there == 1);
        unused.trim();

        Pool pool{counting_source{&here}};
        pool.release(pool.acquire(1));
        Pool other{counting_source{&there}};
        other.release(other.acquire(1));
        pool = std::move(other);
        CHECK(here == 0);
        CHECK(there == 1);
        auto const p = pool.acquire(1);
        auto const q = pool.acquire(1);
        CHECK(there == 2);
        Pool again = std::move(pool);
        pool = Pool(counting_source{&here}); // this pool was never used
        auto const r = pool.acquire(1);
        CHECK(here == 1);
        CHECK(there == 2);
    }
    CHECK(here == 0);
    CHECK(there == 0);
}

namespace {
/// Equal to every object of its type.
class equal_resource final : public std::pmr::memory_resource {
    void* do_allocate(std::size_t size, std::size_t alignment) override
    {
        return std::pmr::new_delete_resource()->allocate(size, alignment);
    }
    void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override
    {
        CHECK(alignment == pktpool::packet_alignment);
        std::pmr::new_delete_resource()->deallocate(memory, size, alignment);
    }
    [[nodiscard]] bool do_is_equal(memory_resource const& other) const noexcept override
    {
        return dynamic_cast<equal_resource const*>(&other) != nullptr;
    }
};
} // namespace

TEST_CASE("source: equal memory resources free each other's packets, others do not")
{
    equal_resource one;
    equal_resource same;
    std::pmr::unsynchronized_pool_resource different;
    pmr_pool pool{pktpool::pmr_source(one)};
    pmr_pool equal{pktpool::pmr_source(same)};
    pmr_pool other{pktpool::pmr_source(different)};
    pool.release(other.acquire(1));
    CHECK(pool.idle().count == 0);
    pool.release(equal.acquire(1));
    CHECK(pool.idle().count == 1);
}
