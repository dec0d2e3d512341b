// Allocations fail, one by one, in a script that calls everything.
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

template <class... Policies>
using pool_with = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, Policies...>;

/// A resource whose exceptions have a type of their own.
struct out_of_order {
    int code = 0;
};
struct moody_source {
    static inline bool broken = false;

    static void* allocate(std::size_t bytes)
    {
        if (broken) {
            throw out_of_order{42};
        }
        return pktpool::heap_source::allocate(bytes);
    }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        pktpool::heap_source::deallocate(memory, bytes);
    }
};

template <class Pool>
auto observe(Pool const& pool)
{
    std::array<pktpool::idle_packets, 3> buckets{};
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        buckets[i] = pool.idle(i);
    }
    if constexpr (requires { pool.statistics(); }) {
        return std::pair(buckets, pool.statistics());
    } else {
        return buckets;
    }
}

/// An operation that fails throws std::bad_alloc and changes nothing.
template <class Pool, class Operation>
void attempt(Pool const& pool, Operation operation)
{
    auto const before = observe(pool);
    try {
        operation();
    } catch (std::bad_alloc const&) {
        CHECK(observe(pool) == before);
    }
}

/// Calls every function of a pool, with every kind of packet.
template <class Pool>
void touch_everything()
{
    typename Pool::packet_ptr late;
    {
        Pool pool;
        std::array<typename Pool::packet_ptr, 40> held;
        std::size_t next = 0;
        for (auto const size : std::array<std::size_t, 8>{0, 20, 21, 548, 549, 1472, 1473, 65535}) {
            attempt(pool, [&] { held[next] = pool.acquire(size); });
            ++next;
        }
        attempt(pool, [&] { held[next] = pool.template acquire<100>(); });
        attempt(pool, [&] { pool.reserve(548, 5); });
        attempt(pool, [&] { pool.acquire(548, std::span(held).subspan(10, 20)); });
        for (std::size_t i = 10; i < 30; ++i) { // all packets of a batch or none
            CHECK((held[i] == nullptr) == (held[10] == nullptr));
        }
        attempt(pool, [&] { pool.acquire(5000, std::span(held).subspan(30, 5)); });
        try {
            held[next] = pool.acquire(65536);
            FAIL("no datagram is so large");
            // NOLINTNEXTLINE(bugprone-empty-catch)
        } catch (std::length_error const&) {
            // NOLINTNEXTLINE(bugprone-empty-catch)
        } catch (std::bad_alloc const&) { // no memory for the message
        }
        pool.release(std::move(held[0]));
        pool.release(std::move(held[6])); // an exact-size packet
        held[1].reset();
        held[7].reset();
        pool.release(std::span(held).subspan(5, 20));
        pool.decay();
        attempt(pool, [&] { pool.reserve(20, 8); });
        attempt(pool, [&] { late = pool.acquire(548); });
        Pool moved = std::move(pool);
        attempt(moved, [&] { held[0] = moved.acquire(20); });
        attempt(pool, [&] { held[1] = pool.acquire(20); });
        if constexpr (requires { moved.outstanding(); }) {
            attempt(moved, [&] { static_cast<void>(moved.outstanding()); });
        }
        pool = std::move(moved);
        pool.trim();
        attempt(pool, [&] { held[2] = pool.acquire(1472); });
    }
}

} // namespace

TEST_CASE_TEMPLATE(
    "failures: the pool is unchanged when any allocation fails, once or from then on", Pool,
    pool_with<>, pool_with<pktpool::return_on_drop>,
    pool_with<pktpool::return_on_drop, pktpool::demand_tracked>, pool_with<pktpool::hardened>,
    pool_with<pktpool::counted>, pool_with<pktpool::max_idle_bytes<4000>>,
    pool_with<pktpool::clear_on_release, pktpool::hardened, pktpool::counted,
              pktpool::return_on_drop, pktpool::demand_tracked>)
{
    std::size_t good = 0;
    CAPTURE(good); // allocates, and copies the number only when it is printed
    auto const before = live_allocations();
    for (auto const in_a_row : std::array<std::size_t, 2>{1, 1000000}) {
        good = 0;
        for (bool failed = true; failed; ++good) {
            {
                auto const refused = refused_allocations();
                failing_heap const heap(good, in_a_row);
                touch_everything<Pool>();
                failed = refused_allocations() > refused;
            }
            REQUIRE(live_allocations() == before);
        }
        CHECK(good > 20); // the script allocates
    }
}

TEST_CASE_TEMPLATE("failures: an exception of the source reaches the caller unchanged", Pool,
                   pool_with<moody_source>, pool_with<moody_source, pktpool::return_on_drop>,
                   pool_with<moody_source, pktpool::hardened, pktpool::counted>)
{
    auto const before = live_allocations();
    {
        Pool pool;
        auto p = pool.acquire(20);
        pool.release(pool.acquire(20));
        auto const seen = observe(pool);
        moody_source::broken = true;
        std::array<typename Pool::packet_ptr, 3> batch;
        CHECK_THROWS_AS(static_cast<void>(pool.acquire(548)), out_of_order);
        CHECK_THROWS_AS(static_cast<void>(pool.acquire(5000)), out_of_order);
        CHECK_THROWS_AS(pool.acquire(20, batch), out_of_order);
        CHECK_THROWS_AS(pool.reserve(20, 3), out_of_order);
        moody_source::broken = false;
        CHECK(observe(pool) == seen);
        CHECK(batch[0] == nullptr);
        CHECK(pool.acquire(20)->allocated == 20);
    }
    CHECK(live_allocations() == before);
}
