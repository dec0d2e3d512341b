#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

using returning_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::return_on_drop>;
using adaptive_pool = pktpool::adaptive_packet_pool;

struct owning_metadata {
    std::string text;
};

struct two_of_each {
    static constexpr std::array buckets{pktpool::bucket{.size = 100, .limit = 2}};
};
/// Owns the next fragment of the datagram: a packet that owns a packet of the same pool.
struct chained_metadata {
    std::shared_ptr<void> next;
};
using chained_pool = pktpool::basic_packet_pool<two_of_each, pktpool::unchecked, chained_metadata,
                                                pktpool::return_on_drop>;

/// A source that counts its copies.
struct sharing_source {
    std::shared_ptr<int> arena = std::make_shared<int>(0);

    static void* allocate(std::size_t bytes) { return pktpool::heap_source::allocate(bytes); }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        pktpool::heap_source::deallocate(memory, bytes);
    }
    bool operator==(sharing_source const&) const = default;
};

} // namespace

TEST_CASE("handle: one pointer, or two with return_on_drop; the size of the packet is the same")
{
    static_assert(sizeof(pktpool::packet_pool::packet_ptr) == sizeof(void*));
    static_assert(sizeof(returning_pool::packet_ptr) == 2 * sizeof(void*));
    static_assert(std::is_same_v<returning_pool::packet, pktpool::packet>);
    static_assert(std::is_same_v<adaptive_pool::packet, pktpool::packet>);
    static_assert(sizeof(adaptive_pool) == sizeof(void*));
}

TEST_CASE_TEMPLATE("handle: a dropped handle and a released one return the packet", Pool,
                   returning_pool, adaptive_pool)
{
    Pool pool;
    auto p = pool.acquire(100);
    auto* const address = p.get();
    p->size = 5;
    p->num_transmissions = 5;
    p.reset();
    CHECK(pool.idle(1).count == 1);

    p = pool.acquire(200);
    CHECK(p.get() == address);
    CHECK(p->size == 0);
    CHECK((p->num_transmissions == 0));
    pool.release(std::move(p));
    CHECK(pool.idle(1).count == 1);
    pool.release(nullptr);
    {
        typename Pool::packet_ptr const null;
    }
    CHECK(pool.idle().count == 1);
}

TEST_CASE("handle: the next acquire takes the newest packet, released or dropped")
{
    returning_pool pool;
    auto first = pool.acquire(1000);
    auto second = pool.acquire(1000);
    auto third = pool.acquire(1000);
    std::array<void*, 3> const order{first.get(), second.get(), third.get()};
    first.reset();
    pool.release(std::move(second));
    third.reset();
    pool.decay(); // frees the oldest
    auto a = pool.acquire(1000);
    auto b = pool.acquire(1000);
    CHECK(a.get() == order[2]);
    CHECK(b.get() == order[1]);
    CHECK(pool.idle().count == 0);
}

TEST_CASE_TEMPLATE("handle: a handle that outlives its pool frees its packet", Pool, returning_pool,
                   adaptive_pool)
{
    auto const before = live_allocations();
    {
        std::optional<Pool> pool(std::in_place);
        auto kept = pool->acquire(100);
        auto exact = pool->acquire(5000);
        pool->release(pool->acquire(100));
        pool.reset();
        kept->data()[99] = std::byte{1};
        exact.reset();
        CHECK(live_allocations() > before);
        kept.reset();
        CHECK(live_allocations() == before);
    }
    {
        Pool pool;
        auto const p = pool.acquire(100); // destroyed before the pool
    }
    CHECK(live_allocations() == before);
}

TEST_CASE_TEMPLATE("handle: an exact-size packet is freed when it returns", Pool, returning_pool,
                   adaptive_pool)
{
    auto const before = live_allocations();
    {
        Pool pool;
        auto p = pool.acquire(1473);
        CHECK(p->allocated == 1473);
        CHECK(p->bucket == pktpool::no_bucket);
        auto const out = live_allocations();
        p.reset();
        CHECK(live_allocations() == out - 1);
        pool.release(pool.template acquire<9000>());
        CHECK(live_allocations() == out - 1);
        CHECK(pool.idle().count == 0);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("handle: a packet that is released to another pool returns to its own")
{
    returning_pool pool;
    returning_pool other;
    pool.release(other.acquire(1));
    CHECK(pool.idle().count == 0);
    CHECK(other.idle().count == 1);
    auto p = other.acquire(1);
    std::array<returning_pool::packet_ptr, 3> batch{pool.acquire(1), nullptr, other.acquire(1)};
    pool.release(batch);
    CHECK(batch[2] == nullptr);
    CHECK(pool.idle().count == 1);
    CHECK(other.idle().count == 1);
}

TEST_CASE_TEMPLATE("handle: packets return to a pool that was moved", Pool, returning_pool,
                   adaptive_pool)
{
    auto const before = live_allocations();
    {
        Pool pool;
        auto p = pool.acquire(100);
        auto* const address = p.get();
        Pool moved = std::move(pool);
        p.reset();
        CHECK(moved.idle(1).count == 1);
        CHECK(pool.idle().count == 0);
        CHECK(moved.acquire(100).get() == address);

        auto fresh = pool.acquire(100); // the moved-from pool is usable
        fresh.reset();
        CHECK(pool.idle(1).count == 1);

        auto of_moved = moved.acquire(1000);
        moved = std::move(pool); // frees the packets of the old pool; its outstanding packet is
                                 // freed when it is dropped
        CHECK(moved.idle(1).count == 1);
        of_moved.reset();
        CHECK(moved.idle().count == 1);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("handle: nothing is allocated before the first acquire")
{
    auto const before = allocation_count();
    adaptive_pool pool;
    adaptive_pool moved = std::move(pool);
    moved.decay();
    moved.trim();
    moved.detach();
    CHECK(moved.idle().count == 0);
    CHECK(moved.idle(2).count == 0);
    CHECK(allocation_count() == before);
}

TEST_CASE_TEMPLATE("handle: the pool is unchanged when any allocation fails", Pool, returning_pool,
                   adaptive_pool)
{
    bool survived = false;
    for (std::size_t successes = 0; !survived; ++successes) {
        REQUIRE(successes < 20);
        CAPTURE(successes);
        auto const before = live_allocations();
        {
            Pool pool;
            std::vector<typename Pool::packet_ptr> out(4);
            std::size_t done = 0;
            {
                failing_heap const heap(successes);
                try {
                    for (std::size_t const size : {1U, 100U, 100U, 5000U}) {
                        out[done] = pool.acquire(size);
                        ++done;
                    }
                } catch (std::bad_alloc const&) {
                    CHECK(done < out.size());
                }
            }
            survived = done == out.size();
            CHECK(pool.idle().count == 0);
            out.clear();
            CHECK(pool.idle().count == std::min<std::size_t>(done, 3));
        }
        CHECK(live_allocations() == before);
    }
}

TEST_CASE("handle: a drop destroys what the metadata own")
{
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               owning_metadata, pktpool::return_on_drop>
        pool;
    auto p = pool.acquire(1);
    auto const before = live_allocations();
    p->text.assign(1000, 'x');
    p.reset();
    CHECK(live_allocations() == before);
    CHECK(pool.acquire(1)->text.empty());
}

TEST_CASE("handle: metadata may own packets of the same pool, at every number of free slots")
{
    auto const before = live_allocations();
    {
        chained_pool pool;
        for (int round = 0; round < 3; ++round) {
            auto first = pool.acquire(1);
            for (int i = 0; i < 5; ++i) {
                auto next = pool.acquire(1);
                next->next = std::make_shared<chained_pool::packet_ptr>(std::move(first));
                first = std::move(next);
            }
            first.reset(); // six packets return, each one from the destructor of the one before
            CHECK(pool.idle().count == 2);
        }
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("handle: metadata may own the pool itself")
{
    auto const before = live_allocations();
    {
        auto pool = std::make_shared<chained_pool>();
        auto p = pool->acquire(1);
        p->next = std::move(pool);
        p.reset();
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("handle: batches copy and destroy the state of a source")
{
    sharing_source const source;
    {
        pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::unchecked, sharing_source>
            pool(source);
        using handle = decltype(pool)::packet_ptr;
        std::vector<handle> batch;
        batch.reserve(4);
        for (int i = 0; i < 4; ++i) {
            batch.emplace_back(nullptr, handle::deleter_type(source));
        }
        for (int round = 0; round < 3; ++round) {
            pool.acquire(1, batch);
            pool.release(batch);
        }
    }
    CHECK(source.arena.use_count() == 1);
}

TEST_CASE_TEMPLATE("handle: the last packet that outlives its pool may have an exact size", Pool,
                   returning_pool, adaptive_pool)
{
    auto const before = live_allocations();
    {
        std::optional<Pool> pool(std::in_place);
        auto exact = pool->acquire(5000);
        pool.reset();
        CHECK(live_allocations() == before + 2); // the packet and the core
        exact.reset();
        CHECK(live_allocations() == before);
    }
    {
        std::optional<Pool> pool(std::in_place);
        auto kept = pool->acquire(100);
        auto exact = pool->acquire(5000);
        pool.reset();
        kept.reset();
        exact.reset();
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("handle: a batch may hold packets of another pool, which may no longer exist")
{
    auto const before = live_allocations();
    {
        returning_pool pool;
        auto own = pool.acquire(1);
        std::optional<returning_pool> gone(std::in_place);
        std::array<returning_pool::packet_ptr, 2> batch{std::move(own), gone->acquire(1)};
        gone.reset();
        pool.release(batch);
        CHECK(pool.idle().count == 1);

        returning_pool unused; // has no core yet
        batch[0] = pool.acquire(1);
        unused.release(batch);
        CHECK(batch[0] == nullptr);
        CHECK(pool.idle().count == 1);
        CHECK(unused.idle().count == 0);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("handle: the deleter accepts a null handle")
{
    returning_pool::packet_ptr::deleter_type{}(nullptr);
}

TEST_CASE("max_idle_bytes: holds for packets that return from the destructor of another packet")
{
    pktpool::basic_packet_pool<two_of_each, pktpool::unchecked, chained_metadata,
                               pktpool::return_on_drop, pktpool::max_idle_bytes<200>>
        pool; // two more packets exceed the bound
    auto first = pool.acquire(1);
    auto second = pool.acquire(1);
    second->next = std::make_shared<decltype(pool)::packet_ptr>(std::move(first));
    second.reset();
    CHECK(pool.idle().count == 1);
}
