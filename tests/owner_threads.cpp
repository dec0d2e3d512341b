// Every operation of pools with an owner, while other threads give packets back. The preset tsan
// checks it best: a mailbox orders nothing on the way back.
#include <cstddef>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

#include "allocations.hpp"
#include "owner_pools.hpp"

import pktpool;

namespace {

template <class Buckets, class... Policies>
using owned = pktpool::basic_packet_pool<Buckets, pktpool::single_owner, counting_source,
                                         counted_metadata, Policies...>;
using libtorrent = pktpool::libtorrent_buckets;
using with_room = pktpool::with_headroom_tailroom<libtorrent, 32, 16>;

constexpr std::size_t most_bytes = 60'000;
using bounded = pktpool::max_idle_bytes<most_bytes>;

using freeing = owned<libtorrent>;
using freeing_counted = owned<with_room, pktpool::counted>;
using returning = owned<libtorrent, pktpool::return_on_drop>;
using tracking =
    owned<libtorrent, pktpool::demand_tracked, pktpool::return_on_drop, pktpool::counted>;
using tracking_bounded =
    owned<libtorrent, pktpool::demand_tracked, pktpool::return_on_drop, pktpool::counted, bounded>;
using fixed_bounded = owned<libtorrent, pktpool::counted, bounded>;
using hardened = owned<libtorrent, pktpool::hardened, pktpool::counted>;
using hardened_tracking = owned<with_room, pktpool::hardened, pktpool::demand_tracked,
                                pktpool::return_on_drop, pktpool::clear_on_release, bounded>;
using clearing =
    owned<with_room, pktpool::clear_on_release, pktpool::return_on_drop, pktpool::counted>;

#define ALL_POOLS                                                                                  \
    freeing, freeing_counted, returning, tracking, tracking_bounded, fixed_bounded, hardened,      \
        hardened_tracking, clearing

/// The bound holds over the lists, too.
template <class Pool>
constexpr bool bounds_lists =
    std::is_same_v<Pool, tracking_bounded> || std::is_same_v<Pool, fixed_bounded>;
template <class Pool>
constexpr bool has_bound = bounds_lists<Pool> || std::is_same_v<Pool, hardened_tracking>;

template <class Pool>
void check_quiet(Pool& pool, std::size_t threads)
{
    if constexpr (bounds_lists<Pool>) {
        // Each thread may exceed it by one call.
        CHECK(pool.idle().bytes <= most_bytes + threads * giver<Pool>::most_held * (1472 + 64));
    }
    pool.decay(); // takes all lists
    if constexpr (has_bound<Pool>) {
        CHECK(pool.idle().bytes <= most_bytes);
    }
    if constexpr (requires { pool.statistics(); }) {
        auto const total = pool.statistics().total;
        CHECK(total.outstanding == 0);
        CHECK(total.remote > 0);
        CHECK(total.drained == total.remote);
        CHECK(total.hits + total.misses == total.kept + total.freed);
        CHECK(total.idle == pool.idle().count);
        CHECK(total.idle_bytes == pool.idle().bytes);
    }
    CHECK(counted_metadata::alive == 0);
    CHECK(counting_source::bytes == pool.idle().bytes);
    CHECK(counting_source::packets == pool.idle().count);
}

} // namespace

TEST_CASE_TEMPLATE("owner threads: every operation while others release", Pool, ALL_POOLS)
{
    for (std::size_t const threads : {1U, 2U, 8U}) {
        CAPTURE(threads);
        auto const before = live_allocations();
        {
            owner<Pool> owner(threads);
            owner.work(4000);
            owner.stop();
            CHECK(owner.damaged == 0);
            CHECK(owner.wrong_statistics == 0);
            CHECK(owner.refused == 0);
            CHECK((owner.too_many == 0 || has_bound<Pool>));
            check_quiet(*owner.pool, threads);
        }
        CHECK(counting_source::bytes == 0);
        CHECK(live_allocations() == before);
    }
}

TEST_CASE_TEMPLATE("owner threads: acquires fail now and then", Pool, freeing, tracking,
                   tracking_bounded, hardened_tracking)
{
    counting_source::refuses_one_in = 5;
    {
        owner<Pool> owner(2);
        owner.work(2000);
        owner.stop();
        CHECK(owner.damaged == 0);
        CHECK(owner.refused > 0);
        check_quiet(*owner.pool, 2);
    }
    counting_source::refuses_one_in = counting_source::never;
    CHECK(counting_source::bytes == 0);
}

TEST_CASE_TEMPLATE("owner threads: the owner changes while others release", Pool, ALL_POOLS)
{
    {
        owner<Pool> owner(2);
        for (int round = 0; round < 20; ++round) {
            std::thread([&] {
                owner.work(100);
                owner.pool->detach();
            }).join();
        }
        owner.stop();
        CHECK(owner.damaged == 0);
        check_quiet(*owner.pool, 2);
    }
    CHECK(counting_source::bytes == 0);
}

// Other threads may use the packets of a pool that moves or ends, but not the object: they release
// through another pool of its type.
TEST_CASE_TEMPLATE("owner threads: pools move while others release", Pool, ALL_POOLS)
{
    for (std::size_t const threads : {1U, 2U, 8U}) {
        CAPTURE(threads);
        {
            Pool gate;
            owner<Pool> owner(threads, &gate);
            for (int round = 0; round < 20; ++round) {
                owner.work(50);
                auto moved = std::make_unique<Pool>(std::move(*owner.pool));
                owner.work(20); // the pool that was moved from is as new
                if (round % 2 == 0) {
                    *owner.pool = std::move(*moved); // and ends here, with packets under way
                } else {
                    owner.pool = std::move(moved);
                }
            }
            owner.stop();
            CHECK(owner.damaged == 0);
            check_quiet(*owner.pool, threads);
        }
        CHECK(counting_source::bytes == 0);
    }
}

TEST_CASE_TEMPLATE("owner threads: pools end while others release", Pool, ALL_POOLS)
{
    for (std::size_t const threads : {1U, 2U, 8U}) {
        CAPTURE(threads);
        {
            Pool gate;
            owner<Pool> owner(threads, &gate);
            for (int round = 0; round < 200; ++round) {
                owner.work(10);
                owner.pool = std::make_unique<Pool>();
            }
            owner.stop();
            CHECK(owner.damaged == 0);
        }
        CHECK(counted_metadata::alive == 0);
        CHECK(counting_source::bytes == 0);
    }
}
