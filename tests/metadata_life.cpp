// The life of metadata: constructed once per acquire, destroyed once at release or drop.
#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <set>
#include <stdexcept>
#include <tuple>
#include <utility>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

template <class... Policies>
using pool_with = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, Policies...>;

/// Records which objects exist, and counts constructions, moves and destructions.
struct registered {
    static inline std::set<void const*> living;
    static inline std::size_t made = 0;
    static inline std::size_t moved = 0;
    static inline std::size_t wrong = 0; ///< constructed twice, or destroyed twice
    static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
    static inline std::size_t left = never; ///< constructions before one throws

    registered()
    {
        if (left == 0) {
            throw std::runtime_error("no metadata today");
        }
        --left;
        ++made;
        begin();
    }
    registered(registered&&) noexcept
    {
        ++moved;
        begin();
    }
    registered& operator=(registered&&) noexcept
    {
        ++moved;
        return *this;
    }
    ~registered() { wrong += living.erase(this) == 1 ? 0U : 1U; }

    static void restart()
    {
        made = 0;
        moved = 0;
        wrong = 0;
    }

    char unused = 0; // metadata need a data member

private:
    void begin() { wrong += living.insert(this).second ? 0U : 1U; }
};

/// Since the last check: `made` constructions, and as many objects exist, none of them moved.
void check_life(std::size_t made, std::size_t living)
{
    CHECK(registered::made == made);
    CHECK(registered::living.size() == living);
    CHECK(registered::moved == 0);
    CHECK(registered::wrong == 0);
    registered::restart();
}

template <class M>
using plain = pool_with<M>;
template <class M>
using returning = pool_with<M, pktpool::return_on_drop>;
template <class M>
using adaptive = pool_with<M, pktpool::return_on_drop, pktpool::demand_tracked>;
template <class M>
using watched = pool_with<M, pktpool::hardened, pktpool::counted>;
template <class M>
using cleared = pool_with<M, pktpool::clear_on_release>;

} // namespace

TEST_CASE_TEMPLATE("metadata: one object per acquire, until the release or drop", Pool,
                   plain<registered>, returning<registered>, adaptive<registered>,
                   watched<registered>, cleared<registered>)
{
    registered::restart();
    {
        Pool pool;
        for (int round = 0; round < 2; ++round) { // misses, then hits
            auto p = pool.acquire(100);
            check_life(1, 1);
            auto q = pool.template acquire<100>();
            check_life(1, 2);
            pool.release(std::move(p));
            check_life(0, 1);
            q.reset(); // dropped
            check_life(0, 0);
        }
        pool.trim();
        pool.reserve(100, 4);
        check_life(0, 0); // an idle packet has no metadata
        std::array<typename Pool::packet_ptr, 6> batch;
        pool.acquire(100, batch); // four hits and two misses
        check_life(6, 6);
        pool.release(batch);
        check_life(0, 0);
        pool.acquire(3000, batch);
        check_life(6, 6);
        pool.acquire(100, batch); // drops the handles of the batch first
        check_life(6, 6);
        pool.release(batch);
        std::array<typename Pool::packet_ptr, 12> many; // ten packets are kept
        pool.acquire(1, many);
        check_life(12, 12);
        pool.release(many);
        check_life(0, 0);
        pool.decay();
        pool.trim();
        check_life(0, 0);
        pool.release(pool.acquire(1));
        Pool moved = std::move(pool);
        auto late = moved.acquire(1);
        moved = Pool();
        check_life(2, 1);
        late.reset();
        check_life(0, 0);
    }
    check_life(0, 0);
}

TEST_CASE("metadata: one object per packet of a slab and of create_packet")
{
    registered::restart();
    {
        pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, registered> slab(
            100, 1);
        for (int round = 0; round < 2; ++round) {
            auto p = slab.alloc();
            auto q = slab.alloc();
            check_life(2, 2);
            CHECK(slab.try_push_back(p));
            check_life(0, 1);
            CHECK_FALSE(slab.try_push_back(q)); // above the limit
            check_life(0, 0);
        }
        slab.decay();
        check_life(0, 0);
        auto const p = pktpool::create_packet<registered>(100);
        check_life(1, 1);
    }
    check_life(0, 0);
}

TEST_CASE_TEMPLATE("metadata: only shrink_to_bucket moves the metadata, and destroys both objects",
                   Pool, plain<registered>, returning<registered>, adaptive<registered>,
                   watched<registered>, cleared<registered>)
{
    Pool pool;
    auto p = pool.acquire(1472);
    registered::restart();
    CHECK(pool.shrink_to_bucket(p));
    CHECK(registered::moved > 0);
    CHECK(registered::living.size() == 1);
    CHECK(registered::living.contains(static_cast<registered*>(p.get())));
    CHECK(registered::wrong == 0);
    p.reset();
    CHECK(registered::living.empty());
}

namespace {

/// The visible state of a pool and of all metadata.
template <class Pool>
auto observe(Pool const& pool)
{
    return std::tuple(pool.idle(0), pool.idle(1), pool.idle(2), live_mallocs(),
                      registered::living.size());
}

/// Throws at the first construction, then at the second, and so on until the operation succeeds.
template <class Pool, class Operation>
std::size_t fail_everywhere(Pool const& pool, Operation operation)
{
    for (std::size_t good = 0;; ++good) {
        auto const before = observe(pool);
        registered::left = good;
        bool threw = false;
        try {
            operation();
        } catch (std::runtime_error const&) {
            threw = true;
        }
        registered::left = registered::never;
        CHECK(registered::wrong == 0);
        if (!threw) {
            return good;
        }
        CAPTURE(good);
        CHECK(observe(pool) == before);
    }
}

} // namespace

TEST_CASE_TEMPLATE("metadata: an exception of the constructor leaves the pool unchanged", Pool,
                   plain<registered>, returning<registered>, adaptive<registered>,
                   watched<registered>, cleared<registered>)
{
    registered::restart();
    Pool pool;
    pool.reserve(100, 4);
    typename Pool::packet_ptr p;
    std::array<typename Pool::packet_ptr, 8> batch;
    CHECK(fail_everywhere(pool, [&] { p = pool.acquire(100); }) == 1);
    CHECK(fail_everywhere(pool, [&] { p = pool.acquire(1000); }) == 1);
    CHECK(fail_everywhere(pool, [&] { p = pool.template acquire<1>(); }) == 1);
    CHECK(fail_everywhere(pool, [&] { p = pool.acquire(3000); }) == 1);
    auto const newest = pool.acquire(100);
    auto const* const newest_at = newest.get();
    CHECK(fail_everywhere(pool, [&] { pool.acquire(100, batch); }) == 8); // hits, then misses
    for (auto& each : batch) {
        CHECK(each.get() != newest_at);
        each.reset();
    }
    CHECK(fail_everywhere(pool, [&] { pool.acquire(3000, batch); }) == 8);
}

TEST_CASE_TEMPLATE("metadata: an exception of the constructor keeps the order of idle packets",
                   Pool, plain<registered>, returning<registered>, adaptive<registered>,
                   watched<registered>, cleared<registered>)
{
    registered::restart();
    Pool pool;
    std::array<typename Pool::packet_ptr, 5> batch;
    std::array<void const*, 5> order{};
    pool.acquire(100, batch);
    std::ranges::transform(batch, order.rbegin(), [](auto const& p) { return p.get(); });
    pool.release(batch);
    for (std::size_t good = 0; good < batch.size(); ++good) {
        registered::left = good;
        CHECK_THROWS_AS(pool.acquire(100, batch), std::runtime_error);
        registered::left = registered::never;
    }
    registered::left = 0;
    CHECK_THROWS_AS(static_cast<void>(pool.acquire(100)), std::runtime_error);
    registered::left = registered::never;
    pool.acquire(100, batch);
    for (std::size_t i = 0; i < order.size(); ++i) {
        CHECK(batch[i].get() == order[i]);
    }
}

TEST_CASE("metadata: an exception of the constructor leaks nothing in slab and create_packet")
{
    registered::restart();
    auto const before = live_allocations();
    {
        pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, registered> slab(
            100);
        for (std::size_t const idle : {0U, 1U}) { // a miss, then a hit
            registered::left = 0;
            CHECK_THROWS_AS(static_cast<void>(slab.alloc()), std::runtime_error);
            CHECK_THROWS_AS(static_cast<void>(pktpool::create_packet<registered>(100)),
                            std::runtime_error);
            registered::left = registered::never;
            CHECK(slab.idle().count == idle);
            auto p = slab.alloc();
            slab.try_push_back(p);
        }
    }
    CHECK(live_allocations() == before);
    CHECK(registered::living.empty());
    CHECK(registered::wrong == 0);
}

namespace {

/// Counts constructions and assignments. Its destructor does nothing.
struct assignable {
    static inline std::size_t made = 0;
    static inline std::size_t assigned = 0;
    int number = 0;

    assignable() noexcept { ++made; }
    assignable(assignable const&) noexcept = default;
    assignable(assignable&&) noexcept = default;
    assignable& operator=(assignable const&) noexcept = default;
    assignable& operator=(assignable&&) noexcept
    {
        ++assigned;
        return *this;
    }
    ~assignable() = default;
};

} // namespace

TEST_CASE("metadata: an acquire constructs metadata with an assignment of their own")
{
    pool_with<assignable> pool;
    pool.release(pool.acquire(100));
    auto const made = assignable::made;
    auto const p = pool.acquire(100);
    CHECK(pool.idle().count == 0);
    CHECK(assignable::made == made + 1);
    CHECK(assignable::assigned == 0);
}
