#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

using pktpool::packet_pool;
using pktpool::packet_ptr;

namespace {

template <class Pool>
std::vector<void*> addresses(std::vector<typename Pool::packet_ptr> const& batch)
{
    std::vector<void*> result(batch.size());
    std::ranges::transform(batch, result.begin(), [](auto const& p) { return p.get(); });
    return result;
}

struct other_buckets {
    static constexpr std::array buckets{pktpool::bucket{.size = 21}, pktpool::bucket{.size = 548}};
};

} // namespace

TEST_CASE("pool: three buckets; above them packets of the exact size")
{
    packet_pool pool;
    CHECK(pool.acquire(0)->allocated == 20);
    CHECK(pool.acquire(20)->allocated == 20);
    CHECK(pool.acquire(21)->allocated == 548);
    CHECK(pool.acquire(548)->allocated == 548);
    CHECK(pool.acquire(549)->allocated == 1472);
    CHECK(pool.acquire(1472)->allocated == 1472);
    CHECK(pool.acquire(1473)->allocated == 1473);
    CHECK(pool.acquire(65535)->allocated == 65535);
}

TEST_CASE("pool: acquire<N>() gives the same packets as acquire(n)")
{
    packet_pool pool;
    CHECK(pool.acquire<0>()->allocated == 20);
    CHECK(pool.acquire<548>()->allocated == 548);
    CHECK(pool.acquire<1472>()->allocated == 1472);
    auto exact = pool.acquire<1473>();
    CHECK(exact->allocated == 1473);
    CHECK(exact->bucket == pktpool::no_bucket);

    auto p = pool.acquire(100);
    auto* const address = p.get();
    pool.release(std::move(p));
    CHECK(pool.acquire<500>().get() == address);
}

TEST_CASE("pool: a size above 65535 is refused and changes nothing")
{
    packet_pool pool;
    pool.release(pool.acquire(1));
    auto const before = live_allocations();
    for (auto const size : {std::uint64_t{65536}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
        CHECK_THROWS_AS(static_cast<void>(pool.acquire(size)), std::length_error);
    }
    int const negative = -1;
    CHECK_THROWS_WITH_AS(static_cast<void>(pool.acquire(static_cast<std::size_t>(negative))),
                         doctest::Contains("a negative number"), std::length_error);
    CHECK(pool.idle().count == 1);
    CHECK(live_allocations() <= before + 1);
}

TEST_CASE("pool: the most recently released packet is the next one, with reset metadata")
{
    packet_pool pool;
    auto first = pool.acquire(100);
    auto second = pool.acquire(100);
    auto* const newest = second.get();
    second->size = 40;
    second->header_size = 20;
    second->num_transmissions = 2;
    second->need_resend = true;
    second->mtu_probe = true;
    second->send_time = std::chrono::steady_clock::now();
    second->data()[0] = std::byte{0x5a};
    pool.release(std::move(first));
    pool.release(std::move(second));

    auto p = pool.acquire(300);
    CHECK(p.get() == newest);
    CHECK(p->size == 0);
    CHECK(p->header_size == 0);
    CHECK((p->num_transmissions == 0));
    CHECK_FALSE(bool{p->need_resend});
    CHECK_FALSE(bool{p->mtu_probe});
    CHECK(p->send_time == std::chrono::steady_clock::time_point{});
    CHECK(p->allocated == 548);
}

TEST_CASE("pool: the buffer of a packet is not touched between two users")
{
    packet_pool pool;
    auto p = pool.acquire(300);
    p->data()[0] = std::byte{0x5a};
    pool.release(std::move(p));
    CHECK(pool.acquire(300)->data()[0] == std::byte{0x5a});
}

TEST_CASE("pool: release keeps packets up to the limit of each bucket, and frees the rest")
{
    auto const before = live_allocations();
    {
        packet_pool pool;
        std::vector<packet_ptr> out;
        for (std::size_t const size : {20U, 548U, 1472U, 2000U}) {
            for (int i = 0; i < 15; ++i) {
                out.push_back(pool.acquire(size));
            }
        }
        auto const allocated = live_allocations();
        for (auto& p : out) {
            pool.release(std::move(p));
            CHECK(p == nullptr);
        }
        CHECK(pool.idle(0).count == 10);
        CHECK(pool.idle(1).count == 10);
        CHECK(pool.idle(2).count == 10);
        CHECK(pool.idle(2).bytes == 10 * (sizeof(pktpool::packet) + 1472));
        CHECK(pool.idle().count == 30);
        CHECK(pool.idle().bytes == 10 * (3 * sizeof(pktpool::packet) + 20 + 548 + 1472));
        CHECK(live_allocations() == allocated - 30);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("pool: a null handle is accepted")
{
    packet_pool pool;
    pool.release(nullptr);
    pool.release(packet_ptr());
    CHECK(pool.idle() == pktpool::idle_packets{});
}

TEST_CASE("pool: a packet without a bucket, or with a bucket of another policy, is freed")
{
    packet_pool pool;
    pktpool::basic_packet_pool<other_buckets> other;
    static_assert(std::is_same_v<decltype(other)::packet_ptr, packet_ptr>);

    auto const before = live_allocations();
    pool.release(pktpool::create_packet(548)); // the bucket is not derived from the size
    pool.release(other.acquire(21));           // bucket 0 has 21 bytes there, 20 here
    CHECK(pool.idle().count == 0);
    CHECK(live_allocations() == before);

    pool.release(other.acquire(500)); // bucket 1 has 548 bytes in both
    CHECK(pool.idle(1).count == 1);
}

TEST_CASE("pool: decay frees the oldest idle packet of every bucket")
{
    packet_pool pool;
    std::array<std::vector<packet_ptr>, 3> out;
    std::array<void*, 3> newest{};
    for (std::size_t i = 0; i < 3; ++i) {
        auto const size = pktpool::libtorrent_buckets::buckets[i].size;
        for (int n = 0; n < 2; ++n) {
            out[i].push_back(pool.acquire(size));
        }
        newest[i] = out[i].back().get();
        for (auto& p : out[i]) {
            pool.release(std::move(p));
        }
    }
    pool.decay();
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(pool.idle(i).count == 1);
        auto const p = pool.acquire(pktpool::libtorrent_buckets::buckets[i].size);
        CHECK(p.get() == newest[i]);
    }
}

TEST_CASE("pool: handles may outlive the pool")
{
    auto const before = live_allocations();
    std::optional<packet_pool> pool(std::in_place);
    auto p = pool->acquire(100);
    pool->release(pool->acquire(100));
    pool.reset();
    p->data()[99] = std::byte{1};
    p.reset();
    CHECK(live_allocations() == before);
}

TEST_CASE("pool: the constructor and the moves allocate nothing")
{
    auto const before = allocation_count();
    packet_pool pool;
    packet_pool moved = std::move(pool);
    pool = std::move(moved);
    CHECK(allocation_count() == before);
}

TEST_CASE("pool: a moved-from pool is empty and usable")
{
    auto const before = live_allocations();
    {
        packet_pool pool;
        auto p = pool.acquire(100);
        auto* const address = p.get();
        pool.release(std::move(p));
        auto out = pool.acquire(1000);

        packet_pool moved = std::move(pool);
        CHECK(moved.idle(1).count == 1);
        CHECK(pool.idle().count == 0);
        moved.release(std::move(out)); // this packet was outstanding during the move
        CHECK(moved.idle(2).count == 1);
        CHECK(moved.acquire(100).get() == address);

        pool.release(pool.acquire(100));
        CHECK(pool.idle(1).count == 1);

        moved = std::move(pool); // frees the idle packets of `moved`
        CHECK(moved.idle().count == 1);
        CHECK(pool.idle().count == 0);
        auto& same = moved;
        moved = std::move(same);
        CHECK(moved.idle().count == 1);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("pool: it is unchanged when any allocation fails")
{
    // The script allocates five times; each of them fails once.
    for (std::size_t successes = 0; successes < 5; ++successes) {
        CAPTURE(successes);
        auto const before = live_allocations();
        {
            packet_pool pool;
            std::array<packet_ptr, 5> out;
            std::size_t done = 0;
            {
                failing_heap const heap(successes);
                try {
                    for (std::size_t const size : {1U, 100U, 1000U, 5000U, 2U}) {
                        out[done] = pool.acquire(size);
                        ++done;
                    }
                    FAIL("the heap did not fail");
                } catch (std::bad_alloc const&) {
                    CHECK(done == successes);
                }
            }
            CHECK(pool.idle().count == 0);
            for (auto& p : out) {
                pool.release(std::move(p));
            }
            CHECK(pool.idle().count == std::min<std::size_t>(successes, 3));
            failing_heap const heap(0);
            for (std::size_t i = 0; i < pool.idle().count; ++i) {
                CHECK_NOTHROW(out[0] = pool.acquire(pktpool::libtorrent_buckets::buckets[i].size));
            }
            CHECK_THROWS_AS(out[1] = pool.acquire(5000), std::bad_alloc);
        }
        CHECK(live_allocations() == before);
    }
}

TEST_CASE("pool: a move moves the slots; the two pools share none")
{
    std::optional<packet_pool> pool(std::in_place);
    std::vector<pktpool::packet_ptr> out(10);
    pool->acquire(100, out);
    auto order = addresses<packet_pool>(out);
    std::ranges::reverse(order);
    pool->release(out);
    packet_pool moved = std::move(*pool);
    pool->acquire(100, out);
    pool->release(out);
    pool.reset();
    moved.acquire(100, out);
    CHECK(addresses<packet_pool>(out) == order);
}

namespace {
struct smaller_and_more {
    static constexpr std::array buckets{
        pktpool::bucket{.size = 19},   pktpool::bucket{.size = 500},  pktpool::bucket{.size = 1400},
        pktpool::bucket{.size = 1500}, pktpool::bucket{.size = 1600},
    };
};
} // namespace

TEST_CASE("pool: a packet of another policy, smaller or with an unknown bucket, is freed")
{
    packet_pool pool;
    pktpool::basic_packet_pool<smaller_and_more> other;
    auto const before = live_allocations();
    for (std::size_t const size : {19U, 500U, 1400U, 1500U, 1600U}) {
        pool.release(other.acquire(size));
    }
    CHECK(pool.idle().count == 0);
    CHECK(live_allocations() == before);
}

TEST_CASE("pool: moved from after decays, a pool is empty and usable")
{
    packet_pool pool;
    std::vector<packet_ptr> out(12);
    pool.acquire(100, out);
    pool.release(out);
    pool.decay();
    pool.decay();
    packet_pool const moved = std::move(pool);
    CHECK(moved.idle().count == 8);
    CHECK(pool.idle().count == 0);
    pool.acquire(100, out);
    pool.release(out);
    CHECK(pool.idle().count == 10);
}
