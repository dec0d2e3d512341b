// Batches, reserve and trim: many packets in one call.
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

using plain_pool = pktpool::packet_pool;
using adaptive_pool = pktpool::adaptive_packet_pool;
using bounded_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::max_idle_bytes<5000>>;

using returning_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::return_on_drop>;

/// The constructor throws after it was called `left` times.
struct countdown_metadata {
    static inline int left = 1000;
    int value = left-- > 0 ? 0 : throw std::runtime_error("no metadata today");
};

using throwing_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets,
                                                 pktpool::single_threaded, countdown_metadata>;
using throwing_adaptive_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               countdown_metadata, pktpool::demand_tracked,
                               pktpool::return_on_drop>;

template <class Pool>
std::vector<void*> addresses(std::vector<typename Pool::packet_ptr> const& batch)
{
    std::vector<void*> result(batch.size());
    std::ranges::transform(batch, result.begin(), [](auto const& p) { return p.get(); });
    return result;
}

} // namespace

TEST_CASE_TEMPLATE("batches: a batch gives the same packets as single calls", Pool, plain_pool,
                   adaptive_pool)
{
    Pool pool;
    std::vector<typename Pool::packet_ptr> batch(8);
    pool.acquire(1000, batch);
    for (auto const& p : batch) {
        REQUIRE(p != nullptr);
        CHECK(p->allocated == 1472);
    }
    auto order = addresses<Pool>(batch);
    batch[3].reset(); // a null in the middle is harmless
    pool.release(batch);
    CHECK(std::ranges::all_of(batch, [](auto const& p) { return p == nullptr; }));

    bool const returns = !std::is_same_v<Pool, plain_pool>;
    CHECK(pool.idle(2).count == (returns ? 8U : 7U));
    pool.acquire(1000, batch);
    auto* const dropped = std::exchange(order[3], nullptr);
    std::erase(order, nullptr);
    std::ranges::reverse(order); // the newest first
    if (returns) {
        order.push_back(dropped);
    } else {
        order.push_back(batch.back().get());
    }
    CHECK(addresses<Pool>(batch) == order);

    batch.clear();
    pool.acquire(1000, batch);
    pool.release(batch);
}

TEST_CASE_TEMPLATE("batches: acquire drops the handles that the batch held before", Pool,
                   plain_pool, adaptive_pool)
{
    auto const before = live_allocations();
    {
        Pool pool;
        std::vector<typename Pool::packet_ptr> batch(3);
        pool.acquire(1, batch);
        pool.acquire(1, batch);
        CHECK(pool.idle().count == 0);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE_TEMPLATE("batches: above the largest bucket each packet has the exact size", Pool,
                   plain_pool, adaptive_pool)
{
    Pool pool;
    std::vector<typename Pool::packet_ptr> batch(3);
    pool.acquire(5000, batch);
    CHECK(batch[2]->allocated == 5000);
    pool.release(batch);
    CHECK(pool.idle().count == 0);
    CHECK_THROWS_AS(pool.acquire(65536, batch), std::length_error);
}

TEST_CASE_TEMPLATE("batches: without memory no packet of the batch is acquired", Pool, plain_pool,
                   adaptive_pool)
{
    for (std::size_t const size : {1000U, 1472U, 5000U}) {
        Pool pool;
        std::vector<typename Pool::packet_ptr> batch(4);
        pool.acquire(1000, batch);
        auto order = addresses<Pool>(batch);
        pool.release(batch);
        auto const before = live_allocations();
        batch = std::vector<typename Pool::packet_ptr>(10);
        auto const with_batch = live_allocations();
        {
            failing_heap const heap(3); // four packets are idle, and three allocations succeed
            CHECK_THROWS_AS(pool.acquire(size, batch), std::bad_alloc);
        }
        CHECK(std::ranges::all_of(batch, [](auto const& p) { return p == nullptr; }));
        CHECK(pool.idle(2).count == 4);
        CHECK(live_allocations() <= with_batch + 1); // at most one more array of slots
        CHECK(before <= with_batch);
        batch.resize(4);
        pool.acquire(1000, batch);
        std::ranges::reverse(order);
        CHECK(addresses<Pool>(batch) == order);
    }
}

TEST_CASE_TEMPLATE("reserve: makes packets until the given number is idle", Pool, plain_pool,
                   adaptive_pool)
{
    Pool pool;
    pool.reserve(100, 4);
    CHECK(pool.idle(1).count == 4);
    pool.reserve(548, 7);
    CHECK(pool.idle(1).count == 7);
    pool.reserve(548, 2);
    CHECK(pool.idle(1).count == 7);
    pool.reserve(1, 0);
    CHECK(pool.idle().count == 7);
    auto const before = allocation_count();
    std::vector<typename Pool::packet_ptr> batch;
    batch.reserve(7);
    for (int i = 0; i < 7; ++i) {
        batch.push_back(pool.acquire(100));
    }
    CHECK(allocation_count() == before + 1); // the buffer of the vector
}

TEST_CASE_TEMPLATE("reserve: without memory the pool is unchanged", Pool, plain_pool, adaptive_pool)
{
    Pool pool;
    pool.reserve(100, 2);
    auto const before = live_allocations();
    {
        failing_heap const heap(4);
        CHECK_THROWS_AS(pool.reserve(100, 10), std::bad_alloc);
    }
    CHECK(pool.idle(1).count == 2);
    CHECK(live_allocations() == before);
}

TEST_CASE("reserve: refuses more packets than may be idle")
{
    plain_pool pool;
    CHECK_THROWS_WITH_AS(pool.reserve(100, 11), doctest::Contains("11 is above the largest, 10"),
                         std::length_error);
    CHECK_THROWS_WITH_AS(pool.reserve(1473, 1),
                         doctest::Contains("1473 is above the largest, 1472"), std::length_error);
    CHECK(pool.idle().count == 0);

    bounded_pool bounded;
    CHECK_THROWS_AS(bounded.reserve(1472, 4), std::length_error); // 3 x 1488 bytes fit
    bounded.reserve(1472, 3);
    CHECK(bounded.idle(2).count == 3);
    CHECK_THROWS_AS(bounded.reserve(548, 1), std::length_error);
}

TEST_CASE("reserve: the message names the number that is too large and a remedy")
{
    plain_pool pool;
    CHECK_THROWS_WITH_AS(pool.reserve(100, 11), doctest::Contains("raise the limit of the bucket"),
                         std::length_error);
}

TEST_CASE("batches: a size above 65535 is refused for an empty batch")
{
    plain_pool pool;
    CHECK_THROWS_AS(pool.acquire(65536, std::span<plain_pool::packet_ptr>()), std::length_error);
}

TEST_CASE("batches: a failed batch does not count as demand")
{
    adaptive_pool pool;
    std::vector<adaptive_pool::packet_ptr> batch(100);
    pool.acquire(1, batch);
    pool.release(batch);
    pool.decay();
    pool.decay();
    CHECK(pool.idle().count == 50); // the mark falls, because nothing was outstanding
    {
        failing_heap const heap(0);
        CHECK_THROWS_AS(pool.acquire(1, batch), std::bad_alloc);
    }
    pool.decay();
    CHECK(pool.idle().count == 25);
}

TEST_CASE_TEMPLATE("trim: frees all idle packets each time, also at the limit", Pool, plain_pool,
                   adaptive_pool)
{
    Pool pool;
    std::vector<typename Pool::packet_ptr> batch(32);
    for (int i = 0; i < 10; ++i) {
        pool.acquire(1, batch);
        pool.release(batch);
        CHECK(pool.idle().count == (std::is_same_v<Pool, plain_pool> ? 10 : 32));
        pool.trim();
        CHECK(pool.idle().count == 0);
    }
}

TEST_CASE("max_idle_bytes: a release that would exceed the bound frees its packet")
{
    bounded_pool pool;
    std::vector<bounded_pool::packet_ptr> out(5);
    pool.acquire(1472, out);
    auto small = pool.acquire(548);
    pool.release(out);
    CHECK(pool.idle(2).count == 3);
    CHECK(pool.idle().bytes <= 5000);
    pool.release(std::move(small)); // 564 more bytes would make 5028
    CHECK(pool.idle(1).count == 0);
    pool.release(pool.acquire(1));
    CHECK(pool.idle(0).count == 1);
}

TEST_CASE_TEMPLATE("trim: frees all idle packets, and the pool stays usable", Pool, plain_pool,
                   adaptive_pool)
{
    auto const before = live_allocations();
    {
        Pool pool;
        pool.reserve(1, 5);
        pool.reserve(1000, 5);
        auto p = pool.acquire(1);
        pool.trim();
        CHECK(pool.idle() == pktpool::idle_packets{});
        pool.release(std::move(p));
        CHECK(pool.idle().count == 1);
        pool.decay();
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("batches: a batch lowers the low-water mark as single calls do")
{
    adaptive_pool pool;
    std::vector<adaptive_pool::packet_ptr> out(20);
    pool.acquire(1, out);
    pool.release(out);
    pool.decay(); // a new window: the low-water mark is at 20
    pool.acquire(1, out);
    CHECK(pool.idle(0).count == 0);
    auto const order = addresses<adaptive_pool>(out);
    auto const one_more = pool.acquire(1); // a miss
    CHECK(one_more != nullptr);
    CHECK(std::ranges::find(order, static_cast<void*>(one_more.get())) == order.end());
    CHECK(pool.idle(0).count == 0);
}

TEST_CASE("batches: the demand of a window is its largest batch")
{
    adaptive_pool pool;
    std::vector<adaptive_pool::packet_ptr> many(100);
    pool.acquire(1, many);
    pool.release(many);
    pool.decay();
    many.resize(70);
    pool.acquire(1, many);
    pool.release(many);
    many.resize(10);
    pool.acquire(1, many);
    pool.release(many);
    pool.decay();
    CHECK(pool.idle(0).count == 70);
}

TEST_CASE("batches: the metadata of all packets is reset")
{
    plain_pool pool;
    std::vector<pktpool::packet_ptr> batch(3);
    pool.acquire(1000, batch);
    for (auto& p : batch) {
        p->size = 7;
        p->header_size = 3;
        p->num_transmissions = 2;
    }
    pool.release(batch);
    pool.acquire(1000, batch);
    for (auto const& p : batch) {
        CHECK(p->size == 0);
        CHECK(p->header_size == 0);
        CHECK((p->num_transmissions == 0));
    }
}

TEST_CASE_TEMPLATE("batches: no packet is acquired when the metadata throw", Pool, throwing_pool,
                   throwing_adaptive_pool)
{
    Pool pool;
    std::vector<typename Pool::packet_ptr> batch(6);
    pool.acquire(1000, batch);
    auto order = addresses<Pool>(batch);
    std::ranges::reverse(order);
    pool.release(batch);
    for (int const good : {0, 2, 5, 6, 7}) { // six packets are idle: throws at a hit or at a miss
        CAPTURE(good);
        batch = std::vector<typename Pool::packet_ptr>(8);
        countdown_metadata::left = good;
        CHECK_THROWS_AS(pool.acquire(1000, batch), std::runtime_error);
        countdown_metadata::left = 1000;
        CHECK(std::ranges::all_of(batch, [](auto const& p) { return p == nullptr; }));
        CHECK(pool.idle(2).count == 6);
        batch.resize(6);
        pool.acquire(1000, batch);
        CHECK(addresses<Pool>(batch) == order);
        std::ranges::reverse(batch); // restores the order of the next acquire
        pool.release(batch);
    }
}

TEST_CASE_TEMPLATE("batches: a release frees packets above the limit; all handles become null",
                   Pool, plain_pool, returning_pool)
{
    auto const before = live_allocations();
    {
        Pool pool;
        std::vector<typename Pool::packet_ptr> batch(15);
        pool.acquire(1000, batch);
        auto const out = live_allocations();
        pool.release(batch);
        CHECK(std::ranges::all_of(batch, [](auto const& p) { return p == nullptr; }));
        CHECK(pool.idle(2).count == 10);
        CHECK(live_allocations() == out - 5);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE_TEMPLATE("batches: the capacity of the largest bucket is its last size", Pool, plain_pool,
                   adaptive_pool)
{
    Pool pool;
    std::vector<typename Pool::packet_ptr> batch(2);
    pool.acquire(1472, batch);
    CHECK(batch[0]->bucket == 2);
    pool.acquire(1473, batch);
    CHECK(batch[1]->bucket == pktpool::no_bucket);
    CHECK(batch[1]->allocated == 1473);
}

TEST_CASE_TEMPLATE("reserve: without memory the idle packets stay the same", Pool, plain_pool,
                   adaptive_pool)
{
    Pool pool;
    auto first = pool.acquire(100);
    auto second = pool.acquire(100);
    auto* const oldest = first.get();
    auto* const newest = second.get();
    pool.release(std::move(first));
    pool.release(std::move(second));
    {
        failing_heap const heap(4);
        CHECK_THROWS_AS(pool.reserve(100, 10), std::bad_alloc);
    }
    first = pool.acquire(100);
    second = pool.acquire(100);
    CHECK(first.get() == newest);
    CHECK(second.get() == oldest);
}

template <std::size_t Bytes>
using bounded_to = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                                              pktpool::max_idle_bytes<Bytes>>;

TEST_CASE("max_idle_bytes: the bound is exact to the byte")
{
    constexpr std::size_t each = sizeof(pktpool::packet) + 1472;
    bounded_to<3 * each> exact;
    bounded_to<3 * each - 1> one_less;
    std::vector<pktpool::packet_ptr> out(5);
    exact.acquire(1472, out);
    exact.release(out);
    CHECK(exact.idle(2).count == 3);
    one_less.acquire(1472, out);
    one_less.release(out);
    CHECK(one_less.idle(2).count == 2);
}

TEST_CASE("reserve: idle packets of the bucket count towards max_idle_bytes once")
{
    bounded_to<5000> bounded;
    bounded.reserve(1472, 2);
    bounded.reserve(1472, 3);
    bounded.reserve(1472, 3);
    CHECK(bounded.idle(2).count == 3);
    CHECK_THROWS_AS(bounded.reserve(1472, 4), std::length_error);
}

TEST_CASE_TEMPLATE("trim: the next acquire is a miss", Pool, plain_pool, adaptive_pool)
{
    Pool pool;
    pool.reserve(1, 5);
    pool.decay();
    pool.reserve(1, 5);
    pool.trim();
    auto const before = allocation_count();
    auto const p = pool.acquire(1);
    CHECK(allocation_count() == before + 1);
    CHECK(pool.idle() == pktpool::idle_packets{});
}

TEST_CASE("reserve: without memory the pool is unchanged, also when the slots grew")
{
    adaptive_pool pool;
    std::array<adaptive_pool::packet_ptr, 2> idle;
    pool.acquire(100, idle);
    std::array<void*, 2> const order{idle[0].get(), idle[1].get()};
    pool.release(idle);
    {
        failing_heap const heap(40); // the first array of slots holds 32 packets
        CHECK_THROWS_AS(pool.reserve(100, 100), std::bad_alloc);
    }
    CHECK(pool.idle(1).count == 2);
    auto const newest = pool.acquire(100);
    auto const oldest = pool.acquire(100);
    CHECK(newest.get() == order[1]);
    CHECK(oldest.get() == order[0]);
    auto const before = allocation_count();
    auto const fresh = pool.acquire(100);
    CHECK(allocation_count() == before + 1);
}
