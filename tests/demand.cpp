// The demand of a window is the largest number of packets outstanding in it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"
#include "reentry.hpp"

import pktpool;

namespace {

template <class... Policies>
using adaptive_with =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::demand_tracked, pktpool::return_on_drop, Policies...>;
using adaptive_pool = adaptive_with<>;

/// A window with that many packets outstanding at the same time.
template <class Pool>
void peak(Pool& pool, std::size_t packets)
{
    std::vector<typename Pool::packet_ptr> out(packets);
    pool.acquire(1, out);
    pool.release(out);
}

} // namespace

TEST_CASE("demand: a trim does not change the peak")
{
    adaptive_pool pool;
    peak(pool, 1000);
    pool.trim();
    pool.reserve(1, 1000);
    pool.decay();
    CHECK(pool.idle(0).count == 1000);
    pool.decay(); // nothing was outstanding: the mark falls by half
    CHECK(pool.idle(0).count == 500);
}

TEST_CASE("demand: a trim while packets are outstanding does not change the peak")
{
    adaptive_pool pool;
    peak(pool, 300);
    std::vector<adaptive_pool::packet_ptr> out(100);
    pool.acquire(1, out);
    pool.trim(); // 200
    pool.reserve(1, 250);
    pool.release(out);
    pool.decay();
    CHECK(pool.idle(0).count == 300);
    pool.decay();
    CHECK(pool.idle(0).count == 150);
}

TEST_CASE("demand: outstanding packets count for the next window")
{
    adaptive_pool pool;
    std::vector<adaptive_pool::packet_ptr> out(200);
    pool.acquire(1, out);
    pool.trim();
    pool.decay();
    pool.release(out);
    pool.trim();
    pool.reserve(1, 300);
    pool.decay(); // 200 packets were outstanding in this window, too
    CHECK(pool.idle(0).count == 200);
}

TEST_CASE("demand: packets above the limit count as outstanding")
{
    constexpr std::size_t each = sizeof(pktpool::packet) + 20;
    adaptive_with<pktpool::max_idle_bytes<40 * each>> pool;
    peak(pool, 100);
    CHECK(pool.idle(0).count == 40);
    pool.decay(); // the mark is 100
    CHECK(pool.idle(0).count == 40);
    pool.decay(); // 50
    CHECK(pool.idle(0).count == 40);
    pool.decay(); // 25
    CHECK(pool.idle(0).count == 25);
}

TEST_CASE("demand: the peak of a window is its larger burst, not the sum")
{
    constexpr std::size_t each = sizeof(pktpool::packet) + 20;
    adaptive_with<pktpool::max_idle_bytes<40 * each>> pool;
    peak(pool, 60);
    peak(pool, 90);
    peak(pool, 60);
    pool.decay(); // 90
    pool.decay(); // 45
    CHECK(pool.idle(0).count == 40);
    pool.decay(); // 23
    CHECK(pool.idle(0).count == 23);
}

TEST_CASE("demand: reserved packets are no demand, before and after a trim")
{
    adaptive_pool pool;
    pool.reserve(1, 400);
    pool.trim();
    pool.reserve(1, 400);
    pool.decay();
    CHECK(pool.idle(0).count == 10);
}

TEST_CASE("demand: an acquire that fails does not count, in a batch and alone")
{
    adaptive_pool pool;
    peak(pool, 40);
    pool.decay();
    std::vector<adaptive_pool::packet_ptr> batch(100);
    {
        failing_heap const heap(0);
        CHECK_THROWS_AS(pool.acquire(1, batch), std::bad_alloc);
    }
    pool.decay();
    CHECK(pool.idle(0).count == 20);
    pool.trim();
    {
        failing_heap const heap(3);
        CHECK_THROWS_AS(pool.acquire(1, batch), std::bad_alloc);
    }
    pool.reserve(1, 100);
    pool.decay();
    CHECK(pool.idle(0).count == 10);
}

TEST_CASE("demand: an acquire whose metadata throw does not count, in a batch and alone")
{
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::demand_tracked, pktpool::return_on_drop, calling_metadata>
        pool;
    peak(pool, 40);
    pool.decay();
    std::vector<decltype(pool)::packet_ptr> batch(60);
    for (std::size_t const good : {0U, 30U, 50U}) {
        calling_metadata::failure.start(good);
        CHECK_THROWS_AS(pool.acquire(1, batch), std::bad_alloc);
    }
    calling_metadata::failure.start(0);
    CHECK_THROWS_AS(static_cast<void>(pool.acquire(1)), std::bad_alloc);
    pool.decay();
    CHECK(pool.idle(0).count == 20);
    peak(pool, 15);
    calling_metadata::failure.start(18);
    CHECK_THROWS_AS(pool.acquire(1, batch), std::bad_alloc);
    pool.decay();
    CHECK(pool.idle(0).count == 15);
}

TEST_CASE("demand: a move keeps the peak")
{
    adaptive_pool pool;
    peak(pool, 300);
    adaptive_pool moved = std::move(pool);
    moved.trim();
    moved.reserve(1, 300);
    moved.decay();
    CHECK(moved.idle(0).count == 300);
    peak(pool, 50); // as in a new pool
    pool.decay();
    pool.decay();
    CHECK(pool.idle(0).count == 25);
}

TEST_CASE("demand: each bucket has its own peak")
{
    adaptive_pool pool;
    peak(pool, 200);
    pool.trim();
    pool.reserve(1, 300);
    pool.reserve(100, 300);
    pool.decay();
    CHECK(pool.idle(0).count == 200);
    CHECK(pool.idle(1).count == 10);
}
