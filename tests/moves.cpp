// Moves of pools and slabs: one thread check or lock after the other; the moved-from object is as
// new.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"
#include "child.hpp"
#include "recording.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;

template <class... Policies>
using pool_with = pktpool::basic_packet_pool<libtorrent_buckets, recording, Policies...>;
using plain = pool_with<>;
using returning = pool_with<pktpool::return_on_drop>;
using watched = pool_with<pktpool::hardened, pktpool::counted>;

bool contains(std::vector<std::string> const& entries, std::string const& one)
{
    return std::ranges::find(entries, one) != entries.end();
}

/// Records how many mutexes are locked at the same time. The test has one thread.
class noting_mutex {
public:
    static inline int held = 0;
    static inline int most_held = 0;

    static void lock() noexcept { most_held = std::max(most_held, ++held); }
    static void unlock() noexcept { --held; }
};

/// Frees packets from its third decay on: its state is the number of decays.
class patient {
public:
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
    std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        return ++decays_ < 3 ? 0 : counts.idle;
    }

private:
    std::uint32_t decays_ = 0;
};
using patient_plain =
    pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_threaded, patient>;
using patient_returning = pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_threaded,
                                                     patient, pktpool::return_on_drop>;

} // namespace

TEST_CASE_TEMPLATE("moves: a move enters both pools, one after the other", Pool, plain, returning,
                   watched)
{
    Pool from;
    from.release(from.acquire(100));
    recording::most_inside = 0;
    auto const constructed = entries_of([&] { Pool const moved = std::move(from); });
    CHECK(contains(constructed, "a move from a pool"));
    CHECK(recording::most_inside == 1);

    Pool to;
    to.release(to.acquire(100));
    from.release(from.acquire(100));
    recording::most_inside = 0;
    auto const assigned = entries_of([&] { to = std::move(from); });
    CHECK(contains(assigned, "a move from a pool"));
    CHECK(contains(assigned, "a move to a pool"));
    CHECK(recording::most_inside == 1);
    CHECK(to.idle(1).count == 1);
}

TEST_CASE("moves: a move of a slab enters")
{
    pktpool::basic_packet_slab<pktpool::runtime_bucket, recording> from(100);
    recording::most_inside = 0;
    CHECK(contains(entries_of([&] { auto const moved = std::move(from); }), "a move from a slab"));
    CHECK(recording::most_inside == 1);
}

TEST_CASE_TEMPLATE(
    "moves: only one mutex is locked at a time, so two moves cannot deadlock", Pool,
    pktpool::basic_packet_pool<libtorrent_buckets, pktpool::synchronized<noting_mutex>>,
    pktpool::basic_packet_pool<libtorrent_buckets, pktpool::synchronized<noting_mutex>,
                               pktpool::return_on_drop>)
{
    Pool left;
    Pool right;
    left.release(left.acquire(100));
    right.release(right.acquire(100));
    noting_mutex::most_held = 0;
    left = std::move(right);
    right = std::move(left);
    left = Pool();
    CHECK(noting_mutex::most_held == 1);
    CHECK(noting_mutex::held == 0);
}

TEST_CASE_TEMPLATE("moves: the state of the retention policy moves with the packets", Pool,
                   patient_plain, patient_returning)
{
    Pool pool;
    pool.reserve(100, 4);
    pool.decay();
    pool.decay();
    Pool moved = std::move(pool);
    pool.reserve(100, 4); // as new: its first decay is the first
    moved.decay();
    CHECK(moved.idle(1).count == 0);
    pool.decay();
    pool.decay();
    CHECK(pool.idle(1).count == 4);
    pool.decay();
    CHECK(pool.idle(1).count == 0);

    pool.reserve(100, 4);
    Pool fresh;
    fresh.reserve(100, 2);
    pool = std::move(fresh); // two decays are left, and none in the moved-from pool
    fresh.reserve(100, 1);
    pool.decay();
    pool.decay();
    CHECK(pool.idle(1).count == 2);
    pool.decay();
    CHECK(pool.idle(1).count == 0);
    CHECK(fresh.idle(1).count == 1);
}

TEST_CASE("moves: the state of the retention policy of a slab moves with the packets")
{
    pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::single_threaded, patient> slab(
        100);
    auto const fill_one = [](auto& to) {
        auto p = to.alloc();
        to.try_push_back(p);
    };
    fill_one(slab);
    slab.decay();
    slab.decay();
    auto moved = std::move(slab);
    fill_one(slab);
    slab.decay();
    slab.decay();
    CHECK(slab.idle().count == 1);
    moved.decay();
    CHECK(moved.idle().count == 0);
}

TEST_CASE_TEMPLATE("moves: a moved-from pool works as a new one", Pool, pktpool::packet_pool,
                   pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_threaded,
                                              pktpool::return_on_drop>,
                   pktpool::basic_packet_pool<libtorrent_buckets, pktpool::unchecked,
                                              pktpool::hardened, pktpool::counted>)
{
    auto const before = live_allocations();
    {
        Pool pool;
        auto out = pool.acquire(100);
        std::vector<typename Pool::packet_ptr> batch(12);
        pool.acquire(100, batch);
        pool.release(batch);
        Pool moved = std::move(pool);
        CHECK(moved.idle(1).count == 10);
        CHECK(pool.idle() == pktpool::idle_packets{});
        if constexpr (requires { pool.statistics(); }) {
            CHECK(pool.statistics().total.misses == 0);
            CHECK(pool.outstanding().empty());
            CHECK(moved.outstanding().size() == 1);
        }
        pool.acquire(100, batch);
        pool.release(batch);
        CHECK(pool.idle(1).count == 10);
        moved.release(std::move(out));
        CHECK(moved.idle(1).count == 10);
        pool.decay();
        CHECK(pool.idle(1).count == 9);
        moved = std::move(pool);
        CHECK(moved.idle(1).count == 9);
        pool.reserve(100, 10);
        CHECK(pool.idle(1).count == 10);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("moves: after a move any thread may use each pool or slab first")
{
    for (auto const* const which :
         {"moved_from", "moved_from_returning", "moved_from_slab", "moved_to", "moved_to_returning",
          "assigned_from", "assigned_from_returning"}) {
        CAPTURE(std::string(which));
        CHECK(run_child(std::string(MISUSE " ") + which).output == "survived\n");
    }
}

TEST_CASE("moves: handles that outlive the pool may be dropped by any thread, one at a time")
{
    for (auto const* const which : {"outlived", "outlived_hardened", "outlived_exact"}) {
        CAPTURE(std::string(which));
        CHECK(run_child(std::string(MISUSE " ") + which).output == "survived\n");
    }
}
