// max_idle_bytes of a pool with an owner holds over slabs and lists: what the owner does to the
// idle packets counts for the next thread that gives packets back.
#include <array>
#include <atomic>
#include <cstddef>
#include <span>
#include <thread>

#include <doctest/doctest.h>

#include "elsewhere.hpp"
#include "reentry.hpp"

import pktpool;

namespace {

constexpr std::size_t most = 12;                  // packets of the bucket of 1472
constexpr std::size_t bytes = most * (1472 + 16); // with headers

template <class... Policies>
using owned =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_owner, calling_source,
                               pktpool::return_on_drop, pktpool::counted, Policies...>;
using bounded = owned<pktpool::max_idle_bytes<bytes>>;
using tracking = owned<pktpool::max_idle_bytes<bytes>, pktpool::demand_tracked>;
using hardened = owned<pktpool::max_idle_bytes<2 * bytes>, pktpool::hardened>;

/// Another thread gives more packets back than the bound allows: those that it allows are idle
/// then.
template <class Pool, class Packets>
void check_filled(Pool& pool, Packets& packets)
{
    REQUIRE(packets.size() >= most);
    elsewhere([&] { packets.clear(); });
    CHECK(pool.idle().count == most);
    CHECK(pool.idle().bytes == bytes);
    CHECK(calling_source::live == most);
}

} // namespace

TEST_CASE("owner bounds: packets that the owner released count")
{
    tracking pool;
    auto mine = acquire(pool, 5);
    auto packets = acquire(pool, 20);
    pool.release(mine);
    check_filled(pool, packets);
}

TEST_CASE("owner bounds: packets that the owner reserved count")
{
    tracking pool;
    auto packets = acquire(pool, 20);
    pool.reserve(1000, 5);
    check_filled(pool, packets);
}

TEST_CASE("owner bounds: packets that the owner acquired no longer count")
{
    tracking pool;
    auto mine = acquire(pool, most);
    auto packets = acquire(pool, 20);
    pool.release(mine);
    auto const acquired = acquire(pool, 4);
    elsewhere([&] { packets.clear(); });
    CHECK(pool.idle().count == most);
    CHECK(calling_source::live == most + acquired.size());
}

TEST_CASE("owner bounds: packets that the owner took from the list count once")
{
    tracking pool;
    auto first = acquire(pool, 6);
    auto packets = acquire(pool, 20);
    elsewhere([&] { first.clear(); });
    pool.reserve(1000, 0); // takes them
    check_filled(pool, packets);
}

TEST_CASE("owner bounds: packets that a decay freed no longer count")
{
    bounded pool;
    auto mine = acquire(pool, 10);
    auto packets = acquire(pool, 20);
    pool.release(mine);
    pool.decay(); // frees one
    CHECK(pool.idle().count == 9);
    check_filled(pool, packets);
}

TEST_CASE("owner bounds: packets that a trim freed no longer count")
{
    tracking pool;
    auto mine = acquire(pool, most);
    auto packets = acquire(pool, 20);
    pool.release(mine);
    pool.trim();
    check_filled(pool, packets);
}

TEST_CASE("owner bounds: packets of other slabs count, idle or on a list")
{
    for (bool const on_the_list : {false, true}) {
        CAPTURE(on_the_list);
        tracking pool;
        auto large = acquire(pool, most - 1);
        auto small = acquire(pool, 40, 20);
        auto packets = acquire(pool, 40, 548);
        if (on_the_list) {
            elsewhere([&] { large.clear(); });
        } else {
            pool.release(large);
        }
        elsewhere([&] { packets.clear(); });
        elsewhere([&] { small.clear(); });
        // Room for one packet of 1472, in which two of 548 fit, and so many of 20.
        CHECK(pool.idle(1).count == 2);
        CHECK(pool.idle(0).count == (1488 - 2 * (548 + 16)) / (20 + 16));
    }
}

TEST_CASE("owner bounds: a span is cut off where the bound is reached")
{
    bounded pool;
    auto packets = acquire(pool, most + 3);
    elsewhere([&] { pool.release(packets); });
    CHECK(pool.idle().count == most);
    CHECK(pool.statistics().total.remote == most + 3);
}

TEST_CASE("owner bounds: hardened packets wait for the owner, also beyond the bound")
{
    hardened pool;
    auto packets = acquire(pool, 60);
    elsewhere([&] { pool.release(std::span(packets).first(30)); });
    elsewhere([&] { packets.clear(); });
    CHECK(pool.idle().count == 60);
    CHECK(pool.outstanding().empty());
    CHECK(pool.idle().bytes <= 2 * bytes);
    CHECK(pool.statistics().total.outstanding == 0);
}

TEST_CASE("owner bounds: beyond the bound no thread puts a packet on a list")
{
    for (int round = 0; round < 200; ++round) {
        CAPTURE(round);
        tracking pool;
        std::array<packets_of<tracking>, 2> batches;
        for (auto& batch : batches) {
            batch = acquire(pool, most);
        }
        auto one_more = acquire(pool, 1);
        std::array<std::thread, batches.size()> threads;
        std::atomic<std::size_t> ready{0};
        for (std::size_t i = 0; i < threads.size(); ++i) {
            threads[i] = std::thread([&, i] {
                ++ready;
                while (ready < threads.size()) {}
                pool.release(batches[i]); // each may exceed the bound once
            });
        }
        for (auto& each : threads) {
            each.join();
        }
        auto const idle = pool.idle().count;
        CHECK(idle >= most);
        elsewhere([&] { one_more.clear(); });
        CHECK(pool.idle().count == idle);
    }
}
