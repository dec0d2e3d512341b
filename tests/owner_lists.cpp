// The lists on which other threads give packets back: their places grow and shrink with the
// packets, and the owner takes no more from them than it says.
#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include <doctest/doctest.h>

#include "allocations.hpp"
#include "elsewhere.hpp"
#include "reentry.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;

template <class... Policies>
using owned =
    pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_owner, calling_metadata,
                               calling_source, pktpool::counted, Policies...>;
using freeing = owned<>;
using returning = owned<pktpool::return_on_drop>;
using tracking = owned<pktpool::demand_tracked, pktpool::return_on_drop>;
using hardened = owned<pktpool::hardened>;

using owned_unpooled =
    pktpool::basic_packet_pool<pktpool::unpooled<libtorrent_buckets>, pktpool::single_owner,
                               calling_source, pktpool::counted, pktpool::return_on_drop>;

/// Bytes of the pool and its lists, without packets.
template <class Pool>
std::size_t bytes_of_lists(Pool& pool)
{
    pool.trim();
    pool.decay(); // shrinks the lists
    pool.decay(); // frees what they were before
    return allocated_bytes();
}

} // namespace

TEST_CASE_TEMPLATE("owner lists: the places follow the packets, also again and again", Pool,
                   returning, tracking, hardened)
{
    Pool pool;
    pool.release(pool.acquire(1000));
    elsewhere([] {}); // the first thread of a process allocates
    auto const few = bytes_of_lists(pool);
    for (int round = 0; round < 40; ++round) {
        CAPTURE(round);
        auto batch = acquire(pool, 600);
        elsewhere([&] { pool.release(batch); });
        batch = packets_of<Pool>();
        pool.trim();
        CHECK(bytes_of_lists(pool) <= few + 2048);
    }
}

TEST_CASE("owner lists: an idle owner frees the places that a decay replaced")
{
    returning pool;
    auto const left = acquire(pool, 32);
    auto many = acquire(pool, 1000);
    pool.release(many);
    many = packets_of<returning>();
    pool.trim();
    auto const before = allocated_bytes();
    pool.decay();
    pool.decay();
    CHECK(before - allocated_bytes() >= (1024 - 32) * sizeof(void*));
}

TEST_CASE("owner lists: a decay shrinks the places if the packets need a quarter of them")
{
    for (std::size_t const packets : {32U, 33U}) {
        CAPTURE(packets);
        returning pool;
        auto left = acquire(pool, packets);
        auto many = acquire(pool, 128 - packets); // 128 places
        pool.release(many);
        many = packets_of<returning>();
        pool.trim();
        auto const before = allocated_bytes();
        pool.decay();
        pool.decay();
        bool const is_a_quarter = packets == 32;
        CHECK(before - allocated_bytes() == (is_a_quarter ? (128 - 32) * sizeof(void*) : 0));
        elsewhere([&] { pool.release(left); }); // each has a place
        CHECK(waiting(pool) == packets);
        pool.trim();
        CHECK(pool.statistics().total.outstanding == 0);
        CHECK(calling_source::live == 0);
    }
}

TEST_CASE("owner lists: each packet has a place after the places shrank")
{
    for (std::size_t const packets : {31U, 32U, 33U, 63U, 64U, 65U}) {
        CAPTURE(packets);
        returning pool;
        auto left = acquire(pool, packets);
        auto many = acquire(pool, 1000);
        pool.release(many);
        pool.trim();
        pool.decay();
        elsewhere([&] { pool.release(left); });
        pool.trim();
        CHECK(pool.statistics().total.outstanding == 0);
        CHECK(calling_source::live == 0);
    }
}

TEST_CASE("owner lists: packets that other threads free take no places")
{
    freeing pool;
    auto p = pool.acquire(1000);
    elsewhere([&] { p.reset(); });
    pool.decay();
    auto const before = allocated_bytes();
    for (int i = 0; i < 1000; ++i) { // the owner only acquires
        auto batch = acquire(pool, 20);
        elsewhere([&] { batch.clear(); });
    }
    CHECK(allocated_bytes() <= before + 1024);
}

TEST_CASE("owner lists: a list that shrank and grows again keeps what is on it")
{
    owned_unpooled pool; // its owner takes packets in a decay only
    for (int round = 0; round < 5; ++round) {
        CAPTURE(round);
        auto batch = acquire(pool, 200);
        elsewhere([&] { batch.resize(100); });
        pool.decay();
        elsewhere([&] { batch.clear(); });
        CHECK(waiting(pool) == 100);
        pool.decay();
        CHECK(calling_source::live == 0);
    }
}

TEST_CASE("owner lists: reserved packets have a place each")
{
    tracking pool;
    pool.reserve(1000, 200);
    auto batch = acquire(pool, 200);
    elsewhere([&] { pool.release(batch); });
    CHECK(waiting(pool) == 200);
    batch = acquire(pool, 200);
    CHECK(pool.statistics().total.misses == 0);
    elsewhere([&] { batch.clear(); });
    pool.trim();
    CHECK(calling_source::live == 0);
}

TEST_CASE("owner lists: decay, trim and reserve take what is on the list, and no more")
{
    using step = void (*)(returning&);
    for (step const take :
         {step{[](returning& pool) { pool.decay(); }}, step{[](returning& pool) { pool.trim(); }},
          step{[](returning& pool) { pool.reserve(1000, 0); }}}) {
        returning pool;
        auto kept = acquire(pool, 10);
        auto listed = acquire(pool, 30);
        auto queued = acquire(pool, 300);
        pool.release(kept); // the slab is full
        elsewhere([&] { pool.release(listed); });
        {
            // The source returns a packet on another thread for each one that it frees.
            interruption const more(point::deallocate, 0,
                                    [&] { elsewhere([&] { queued.pop_back(); }); });
            take(pool);
            CHECK(interruption::calls >= 30);
            CHECK(interruption::calls <= 30 + 11); // a decay or a trim frees idle packets, too
        }
        pool.trim();
        CHECK(waiting(pool) == 0);
        CHECK(pool.statistics().total.outstanding == queued.size());
    }
}

TEST_CASE("owner lists: the owner takes nothing from the list while its slab has enough packets")
{
    returning pool;
    auto listed = acquire(pool, 5);
    auto mine = acquire(pool, 8);
    pool.release(mine);
    elsewhere([&] { pool.release(listed); });
    pool.acquire(1000, mine);
    CHECK(waiting(pool) == 5);
    pool.release(mine);
    mine.front() = pool.acquire(1000);
    CHECK(waiting(pool) == 5);
}

TEST_CASE_TEMPLATE("owner lists: the owner of several pools releases a span with packets of all",
                   Pool, freeing, returning, tracking)
{
    Pool pool;
    std::array<Pool, 2> others;
    packets_of<Pool> batch;
    for (std::size_t i = 0; i < 30; ++i) {
        constexpr std::array<std::size_t, 3> sizes{20, 500, 1400};
        auto& from = i % 4 == 0 ? pool : others[i % 2];
        batch.push_back(i % 5 == 0 ? nullptr : from.acquire(sizes[i % sizes.size()]));
    }
    pool.release(batch);
    for (auto const& p : batch) {
        CHECK(p == nullptr);
    }
    for (Pool const* const each : {&pool, &others[0], &others[1]}) {
        auto const total = each->statistics().total;
        CHECK(total.misses > 0);
        CHECK(total.kept == total.misses);
        CHECK(total.outstanding == 0);
        CHECK(total.drops == 0);
        CHECK(total.remote == 0);
        CHECK(each->idle().count == total.misses);
    }
}

TEST_CASE_TEMPLATE("owner lists: a span may hold handles that were released", Pool, freeing,
                   returning, tracking, hardened)
{
    Pool pool;
    auto batch = acquire(pool, 5);
    pool.release(std::move(batch[1]));
    elsewhere([&] {
        pool.release(std::move(batch[3]));
        pool.release(batch);
        pool.release(batch);
    });
    CHECK(waiting(pool) == 4);
    CHECK(pool.statistics().total.outstanding == 0);
}

TEST_CASE("owner lists: packets that are back on the list are not outstanding")
{
    hardened pool;
    auto batch = acquire(pool, 3);
    elsewhere([&] { pool.release(std::span(batch).first(2)); });
    auto const call_sites = pool.outstanding();
    REQUIRE(call_sites.size() == 1);
    CHECK(call_sites.front().count == 1);
}
