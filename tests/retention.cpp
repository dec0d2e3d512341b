#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

/// Keeps half of the limit; a decay frees all idle packets.
struct half_of_limit {
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit / 2; }
    static constexpr std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        return counts.idle;
    }
};

template <class Pool>
void release_many(Pool& pool, std::size_t count)
{
    std::vector<typename Pool::packet_ptr> out(count);
    std::ranges::generate(out, [&] { return pool.acquire(1); });
    for (auto& p : out) {
        pool.release(std::move(p));
    }
}

} // namespace

TEST_CASE("retention: fixed_limit keeps packets up to the limit and frees one per decay")
{
    pktpool::packet_pool pool;
    release_many(pool, 25);
    CHECK(pool.idle(0).count == 10);
    for (std::size_t left = 10; left-- > 0;) {
        pool.decay();
        CHECK(pool.idle(0).count == left);
    }
    pool.decay();
    CHECK(pool.idle(0).count == 0);
}

TEST_CASE("retention: a policy of the user")
{
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, half_of_limit>
        pool;
    release_many(pool, 25);
    CHECK(pool.idle(0).count == 5);
    pool.decay();
    CHECK(pool.idle(0).count == 0);
}

namespace {

using adaptive_pool = pktpool::adaptive_packet_pool;

} // namespace

TEST_CASE("retention: demand_tracked keeps as many packets as were outstanding")
{
    adaptive_pool pool;
    release_many(pool, 5000);
    CHECK(pool.idle(0).count == 5000);
    pool.decay(); // 5000 packets were outstanding in the window
    CHECK(pool.idle(0).count == 5000);
    release_many(pool, 5000);
    pool.decay();
    CHECK(pool.idle(0).count == 5000);
}

TEST_CASE("retention: the mark falls by at most half per decay, down to the limit")
{
    adaptive_pool pool;
    release_many(pool, 100);
    pool.decay();
    for (std::size_t const left : {50U, 25U, 13U, 10U, 10U}) {
        pool.decay();
        CHECK(pool.idle(0).count == left);
    }
}

TEST_CASE("retention: the peak of the window counts, not the packets outstanding at the decay")
{
    adaptive_pool pool;
    release_many(pool, 100);
    pool.decay();
    release_many(pool, 70); // the peak of this window; none is outstanding at its end
    pool.decay();
    CHECK(pool.idle(0).count == 70);
    auto p = pool.acquire(1);
    pool.decay(); // one packet was outstanding: half of 70 is more
    CHECK(pool.idle(0).count == 34);
}

TEST_CASE("retention: one decay frees at most most_freed packets, the oldest")
{
    constexpr std::size_t many = 4000;
    adaptive_pool pool;
    std::vector<adaptive_pool::packet_ptr> out(many);
    pool.acquire(1, out);
    std::vector<void*> order(many);
    std::ranges::transform(out, order.begin(), [](auto const& p) { return p.get(); });
    pool.release(out);
    pool.decay();
    pool.decay();
    auto const left = many - pktpool::demand_tracked::most_freed;
    CHECK(pool.idle(0).count == left);

    out.resize(left);
    pool.acquire(1, out); // newest first: all except the oldest
    for (std::size_t i = 0; i < left; ++i) {
        REQUIRE(out[i].get() == order[many - 1 - i]);
    }
}

TEST_CASE("retention: after a burst of thousands the limits are reached in 16 decays")
{
    adaptive_pool pool;
    release_many(pool, 4096);
    for (int i = 0; i < 16; ++i) {
        pool.decay();
    }
    CHECK(pool.idle(0).count == 10);
}

TEST_CASE("retention: reserved packets are no demand")
{
    adaptive_pool pool;
    pool.reserve(1, 1000);
    pool.decay();
    CHECK(pool.idle(0).count == 1000 - pktpool::demand_tracked::most_freed);
    auto p = pool.acquire(1);
    pool.decay();
    pool.decay();
    CHECK(pool.idle(0).count == 121);
}

TEST_CASE("retention: slots for a burst are freed, too")
{
    adaptive_pool pool;
    release_many(pool, 4096);
    auto const peak = allocated_bytes();
    for (int i = 0; i < 20; ++i) {
        pool.decay();
    }
    CHECK(peak - allocated_bytes() > 4086 * (sizeof(pktpool::packet) + 20) + 4000 * sizeof(void*));
    release_many(pool, 300); // the slots grow again
    CHECK(pool.idle(0).count == 300);
}

TEST_CASE("retention: slots grow in few steps, and not beyond the number of packets")
{
    adaptive_pool pool;
    pool.release(pool.acquire(1)); // the core, and the first slots
    std::vector<adaptive_pool::packet_ptr> out(5000);
    auto const count = allocation_count();
    auto const bytes = allocated_bytes();
    pool.acquire(1, out);
    CHECK(allocation_count() - count < 5000 + 20);
    auto const slots = allocated_bytes() - bytes - 4999 * (sizeof(pktpool::packet) + 20);
    CHECK(slots <= 2 * 8192 * sizeof(void*));
}

TEST_CASE("retention: slots are freed once, when a quarter of them is enough")
{
    adaptive_pool pool;
    release_many(pool, 100); // slots for 128 packets
    pool.decay();
    auto const before = allocation_count();
    pool.decay();
    CHECK(pool.idle(0).count == 50); // needs 64 slots
    CHECK(allocation_count() == before);
    pool.decay();
    CHECK(pool.idle(0).count == 25); // needs 32 slots
    CHECK(allocation_count() == before + 1);
    for (int i = 0; i < 5; ++i) {
        pool.decay();
    }
    CHECK(allocation_count() == before + 1);

    adaptive_pool few;
    release_many(few, 60); // slots for 64 packets; 32 is the minimum
    auto const fewest = allocation_count();
    for (int i = 0; i < 5; ++i) {
        few.decay();
    }
    CHECK(few.idle(0).count == 10);
    CHECK(allocation_count() == fewest);
}

namespace {
struct high_limit {
    static constexpr std::array buckets{pktpool::bucket{.size = 20, .limit = 1000}};
};
} // namespace

TEST_CASE("retention: slots for the limit of the bucket are kept")
{
    pktpool::basic_packet_pool<high_limit, pktpool::single_threaded, pktpool::demand_tracked,
                               pktpool::return_on_drop>
        pool;
    pool.reserve(1, 1000);
    pool.trim();
    auto const before = allocation_count();
    pool.decay();
    CHECK(allocation_count() == before);
}

TEST_CASE("retention: a reserve does not change the peak before it")
{
    adaptive_pool pool;
    release_many(pool, 100);
    pool.decay();
    release_many(pool, 70);
    pool.reserve(1, 101);
    pool.decay();
    CHECK(pool.idle(0).count == 70);
}

TEST_CASE("retention: trim does not lower the mark")
{
    adaptive_pool pool;
    release_many(pool, 100);
    pool.decay(); // the mark is 100
    pool.trim();
    pool.decay(); // 50
    pool.reserve(1, 60);
    pool.decay(); // 25
    CHECK(pool.idle(0).count == 25);
}

TEST_CASE("retention: the first array of slots holds 32 packets")
{
    adaptive_pool pool;
    std::vector<adaptive_pool::packet_ptr> out(32);
    auto const before = allocation_count();
    pool.acquire(1, out);
    CHECK(allocation_count() == before + 32 + 2); // the core, and the slots
}

TEST_CASE("retention: a decay without memory for fewer slots keeps the current ones")
{
    adaptive_pool pool;
    release_many(pool, 100); // slots for 128 packets
    pool.decay();
    pool.decay();
    {
        failing_heap const heap(0);
        pool.decay();
    }
    CHECK(pool.idle(0).count == 25); // needs 32 slots
    release_many(pool, 100);
    CHECK(pool.idle(0).count == 100);
}
