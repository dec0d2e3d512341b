// single_owner: one thread acquires, any thread gives packets back.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <new>
#include <span>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"
#include "elsewhere.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;

template <class... Policies>
using owned = pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_owner,
                                         pktpool::counted, Policies...>;
using freeing = owned<>;
using returning = owned<pktpool::return_on_drop>;
using tracking = owned<pktpool::demand_tracked, pktpool::return_on_drop>;
using hardened = owned<pktpool::hardened, pktpool::return_on_drop>;
using clearing = owned<pktpool::clear_on_release, pktpool::return_on_drop>;

} // namespace

TEST_CASE_TEMPLATE("owner: a packet that is released on another thread is acquired again", Pool,
                   freeing, returning, tracking, hardened, clearing)
{
    Pool pool;
    auto p = pool.acquire(1000);
    auto* const address = p.get();
    elsewhere([&] { pool.release(std::move(p)); });
    CHECK(pool.idle(2).count == 1);
    CHECK(pool.idle().count == 1);
    CHECK(waiting(pool) == 1);
    CHECK(pool.statistics().total.outstanding == 0);
    p = pool.acquire(1000);
    CHECK(p.get() == address);
    CHECK(p->size == 0);
    CHECK(pool.idle().count == 0);
    CHECK(pool.statistics().buckets[2].hits == 1);
    CHECK(pool.statistics().buckets[2].kept == 1);
    CHECK(waiting(pool) == 0);
}

TEST_CASE_TEMPLATE("owner: a packet that is dropped on another thread is acquired again", Pool,
                   returning, tracking, hardened, clearing)
{
    Pool pool;
    auto p = pool.acquire(1000);
    auto* const address = p.get();
    elsewhere([&] { p.reset(); });
    p = pool.acquire(1000);
    CHECK(p.get() == address);
    CHECK(pool.statistics().total.drops == 1);
}

TEST_CASE("owner: with free_on_drop the thread of a drop frees the packet")
{
    freeing pool;
    auto batch = acquire(pool, 5);
    auto const before = live_allocations();
    elsewhere([&] { batch.clear(); });
    CHECK(live_allocations() == before - 5);
    CHECK(pool.idle().count == 0);
    pool.decay();
    auto const total = pool.statistics().total;
    CHECK(total.freed == 5);
    CHECK(total.drops == 5);
    CHECK(total.drained == 5);
    CHECK(total.outstanding == 0);
}

TEST_CASE_TEMPLATE("owner: packets above the largest bucket are freed where they come back", Pool,
                   freeing, returning, tracking, clearing)
{
    Pool pool;
    auto batch = acquire(pool, 3, 5000);
    auto const before = live_allocations();
    elsewhere([&] {
        pool.release(std::move(batch[0]));
        pool.release(batch);
    });
    CHECK(live_allocations() == before - 3);
    pool.decay();
    CHECK(pool.statistics().above.freed == 3);
    CHECK(pool.statistics().above.outstanding == 0);
}

TEST_CASE_TEMPLATE(
    "owner: a span is released on another thread, packets of several slabs and pools", Pool,
    freeing, returning, tracking, hardened, clearing)
{
    Pool pool;
    Pool other;
    packets_of<Pool> batch(200);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        constexpr bool reports_other_pools = std::is_same_v<Pool, hardened>;
        Pool& from = i % 5 == 0 && !reports_other_pools ? other : pool;
        if (i % 7 != 0) { // the rest is null
            constexpr std::array<std::size_t, 3> sizes{20, 500, 1400};
            batch[i] = from.acquire(sizes[i % sizes.size()]);
        }
    }
    elsewhere([&] { pool.release(batch); });
    for (auto const& p : batch) {
        CHECK(p == nullptr);
    }
    pool.decay();
    other.decay();
    for (Pool const* const each : {&pool, &other}) {
        auto const total = each->statistics().total;
        CHECK(total.outstanding == 0);
        CHECK(total.remote == total.misses);
        CHECK(total.drained == total.misses);
        CHECK(total.kept + total.freed == total.misses);
        CHECK(total.drops == 0);
    }
}

TEST_CASE("owner: the owner releases a span with packets of pools of other threads")
{
    tracking mine;
    auto batch = acquire(mine, 3);
    std::unique_ptr<tracking> other;
    elsewhere([&] {
        other = std::make_unique<tracking>();
        for (auto& p : acquire(*other, 4)) {
            batch.push_back(std::move(p));
        }
    });
    mine.release(batch);
    CHECK(mine.statistics().total.kept == 3);
    CHECK(mine.statistics().total.remote == 0);
    CHECK(other->statistics().total.remote == 4);
}

TEST_CASE("owner: release of null is harmless on every thread")
{
    tracking pool;
    elsewhere([&] {
        pool.release(nullptr);
        packets_of<tracking> none(3);
        pool.release(none);
    });
    pool.release(pool.acquire(100)); // the first use binds
    elsewhere([&] { pool.release(nullptr); });
    CHECK(pool.statistics().total.remote == 0);
}

TEST_CASE("owner: more packets than a ring has places come back, through several rings")
{
    tracking pool;
    for (std::size_t const packets : {1U, 31U, 32U, 33U, 1000U, 5000U}) {
        CAPTURE(packets);
        auto batch = acquire(pool, packets);
        std::vector<void const*> addresses;
        for (auto const& p : batch) {
            addresses.push_back(p.get());
        }
        elsewhere([&] {
            for (std::size_t i = 0; i < packets / 2; ++i) {
                batch[i].reset();
            }
            pool.release(batch);
        });
        CHECK(waiting(pool) == packets);
        batch = acquire(pool, packets);
        CHECK(waiting(pool) == 0);
        std::vector<void const*> again;
        for (auto const& p : batch) {
            again.push_back(p.get());
        }
        std::ranges::sort(addresses);
        std::ranges::sort(again);
        CHECK(addresses == again); // no packet twice, none lost
        pool.release(batch);
    }
    CHECK(pool.statistics().total.misses == 5000);
}

TEST_CASE("owner: a list that grows while packets are on it loses none")
{
    tracking pool;
    auto first = acquire(pool, 20);
    elsewhere([&] { first.clear(); });
    auto more = acquire(pool, 20); // from the list
    auto many = acquire(pool, 500);
    elsewhere([&] {
        more.clear();
        many.clear();
    });
    pool.trim();
    CHECK(pool.idle().count == 0);
    CHECK(pool.statistics().total.trimmed == 520);
    CHECK(pool.statistics().total.outstanding == 0);
}

TEST_CASE("owner: a decay of an idle owner returns the memory")
{
    tracking pool;
    auto batch = acquire(pool, 1000);
    elsewhere([&] { batch.clear(); });
    CHECK(pool.idle().count == 1000);
    for (int decays = 0; decays < 16; ++decays) {
        pool.decay();
    }
    CHECK(pool.idle().count == 10);
    auto const before = allocated_bytes();
    pool.trim();
    CHECK(before - allocated_bytes() < 16384 + 16 * 1024); // the list shrank with the packets
}

TEST_CASE("owner: packets on the list are idle for demand_tracked")
{
    tracking pool;
    auto burst = acquire(pool, 1000);
    pool.release(burst);
    pool.decay(); // the window of the burst
    // One packet under way at a time, and the owner never releases.
    for (int decays = 0; decays < 16; ++decays) {
        for (int i = 0; i < 100; ++i) {
            auto p = pool.acquire(1000);
            elsewhere([&] { p.reset(); });
        }
        pool.decay();
    }
    CHECK(pool.idle().count == 10);
    CHECK(pool.statistics().total.misses == 1000);
}

TEST_CASE_TEMPLATE("owner: only the owner acquires, but another thread may take the pool over",
                   Pool, freeing, returning, tracking, hardened, clearing)
{
    Pool pool;
    auto batch = acquire(pool, 40);
    elsewhere([&] { pool.release(std::span(batch).first(10)); });
    pool.detach();
    pool.release(std::span(batch).subspan(10, 10)); // no owner: on the list
    CHECK(pool.statistics().total.remote == 20);
    elsewhere([&] {
        auto mine = acquire(pool, 20);
        CHECK(pool.statistics().total.hits > 0);
        pool.release(mine);
        CHECK(pool.statistics().total.remote == 20);
        pool.detach();
    });
    Pool moved = std::move(pool);
    elsewhere([&] { moved.release(batch); });
    CHECK(moved.statistics().total.outstanding == 0);
    moved.decay();
    CHECK(moved.statistics().total.drained == 40);
}

TEST_CASE_TEMPLATE("owner: packets outlive their pool and are dropped on several threads at once",
                   Pool, freeing, returning, tracking, hardened, clearing)
{
    auto const before = live_mallocs();
    constexpr std::size_t threads = 4;
    std::array<packets_of<Pool>, threads> batches;
    std::atomic<std::size_t> started{0};
    std::atomic<bool> ended{false};
    std::array<std::thread, threads> running;
    {
        Pool pool;
        for (auto& batch : batches) {
            batch = acquire(pool, 300);
            auto exact = acquire(pool, 10, 3000);
            std::ranges::move(exact, std::back_inserter(batch));
        }
        for (std::size_t i = 0; i < threads; ++i) {
            running[i] = std::thread([&, i] {
                ++started;
                for (auto& p : batches[i]) { // before, during and after the end of the pool
                    p.reset();
                }
                batches[i].clear();
            });
        }
        while (started < threads) {}
    }
    ended = true;
    for (auto& each : running) {
        each.join();
    }
    for (auto& each : batches) {
        each.clear();
    }
    CHECK(live_mallocs() == before);
}

TEST_CASE_TEMPLATE("owner: a pool ends while its list is full", Pool, freeing, returning, tracking,
                   hardened, clearing)
{
    auto const before = live_mallocs();
    {
        Pool pool;
        auto batch = acquire(pool, 300);
        elsewhere([&] { pool.release(batch); });
    }
    CHECK(live_mallocs() == before);
    packets_of<Pool> left;
    {
        Pool pool;
        left = acquire(pool, 300);
        elsewhere([&] { pool.release(std::span(left).first(100)); });
    }
    elsewhere([&] { left.resize(200); });
    left.clear();
    CHECK(live_mallocs() == before);
}

TEST_CASE("owner: max_idle_bytes holds over the slabs and the lists")
{
    constexpr std::size_t bytes = 20 * (1472 + 16);
    owned<pktpool::demand_tracked, pktpool::return_on_drop, pktpool::max_idle_bytes<bytes>> pool;
    auto large = acquire(pool, 50, 1472);
    auto small = acquire(pool, 500, 20);
    pool.release(std::span(large).first(5));
    elsewhere([&] {
        pool.release(std::span(large).subspan(5, 5));
        for (std::size_t i = 10; i < 15; ++i) {
            large[i].reset();
        }
        pool.release(std::span(large).subspan(15));
    });
    CHECK(pool.idle().bytes == bytes);
    elsewhere([&] { small.clear(); });
    CHECK(pool.idle().bytes == bytes);
    CHECK(pool.idle().count == 20);
    pool.trim();
    auto const total = pool.statistics().total;
    CHECK(total.outstanding == 0);
    CHECK(total.freed == 530);
    large = acquire(pool, 5, 1472);
    elsewhere([&] { pool.release(large); });
    CHECK(pool.idle().count == 5); // the bound counts what is there, not what was
}

TEST_CASE("owner: without memory for a larger list an acquire fails and changes nothing")
{
    tracking pool;
    auto batch = acquire(pool, 32);
    auto const before = pool.statistics();
    {
        failing_heap const none(0);
        CHECK_THROWS_AS(static_cast<void>(pool.acquire(1000)), std::bad_alloc);
    }
    CHECK(pool.statistics() == before);
    auto p = pool.acquire(1000);
    elsewhere([&] {
        pool.release(batch);
        p.reset();
    });
    CHECK(pool.idle().count == 33);
}

TEST_CASE("owner: an acquire takes a bounded number of packets from the list")
{
    tracking pool;
    auto batch = acquire(pool, 1000);
    elsewhere([&] { pool.release(batch); });
    auto const p = pool.acquire(1000);
    CHECK(pool.statistics().total.drained == 64);
}

TEST_CASE("owner: an acquire takes no more packets from the list than its slab keeps")
{
    returning pool;
    auto batch = acquire(pool, 100);
    elsewhere([&] { pool.release(batch); });
    auto p = pool.acquire(1000);
    CHECK(pool.statistics().total.drained == 10); // the limit of the bucket
    p.reset();
    batch = acquire(pool, 100); // all of them are hits
    CHECK(pool.statistics().total.misses == 100);
    CHECK(pool.statistics().total.freed == 0);
}

TEST_CASE("owner: statistics are read on any thread while the owner works")
{
    tracking pool;
    std::atomic<bool> over{false};
    std::atomic<std::size_t> wrong{0};
    std::thread reader([&] {
        std::uint64_t hits = 0;
        while (!over) {
            auto const total = pool.statistics().total;
            wrong += total.hits < hits || total.drained > total.remote ? 1 : 0;
            hits = total.hits;
        }
    });
    for (int i = 0; i < 20000; ++i) {
        pool.release(pool.acquire(1000));
    }
    over = true;
    reader.join();
    CHECK(wrong == 0);
    auto const total = pool.statistics().total;
    CHECK(total.hits == 19999);
    CHECK(total.misses == 1);
}

static_assert(sizeof(returning::packet_ptr) == 2 * sizeof(void*));
static_assert(pktpool::allows_remote_release<pktpool::single_owner>);
static_assert(!pktpool::allows_remote_release<pktpool::synchronized<>>);
