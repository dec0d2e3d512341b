#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

using pktpool::packet_ptr;
using pktpool::packet_slab;

namespace {

struct one_bucket {
    static constexpr std::array buckets{pktpool::bucket{.size = 1252, .limit = 3}};
};

/// Acquires `count` packets and pushes them back in the same order; returns that order.
template <class Slab>
std::vector<void*> fill(Slab& slab, std::size_t count)
{
    std::vector<typename Slab::packet_ptr> out(count);
    std::ranges::generate(out, [&] { return slab.alloc(); });
    std::vector<void*> order;
    for (auto& p : out) {
        order.push_back(p.get());
        slab.try_push_back(p);
    }
    return order;
}

} // namespace

TEST_CASE("slab: allocate_size and limit are the arguments of the constructor")
{
    packet_slab const slab(548);
    CHECK(slab.allocate_size() == 548);
    CHECK(slab.limit() == 10);
    CHECK(packet_slab(1, 65535).limit() == 65535);
}

TEST_CASE("slab: a new packet has exactly allocate_size bytes and reset metadata")
{
    packet_slab slab(548);
    auto p = slab.alloc();
    CHECK(p->allocated == 548);
    CHECK(p->size == 0);
    p->size = 7;
    p->num_transmissions = 3;
    auto* const address = p.get();
    CHECK(slab.try_push_back(p));
    auto again = slab.alloc();
    CHECK(again.get() == address);
    CHECK(again->size == 0);
    CHECK((again->num_transmissions == 0));
    CHECK(again->allocated == 548);
}

TEST_CASE("slab: alloc returns the most recently returned packet")
{
    packet_slab slab(100);
    auto order = fill(slab, 10);
    std::ranges::reverse(order);
    std::vector<packet_ptr> out;
    for (auto* const expected : order) {
        out.push_back(slab.alloc());
        CHECK(out.back().get() == expected);
    }
}

TEST_CASE("slab: decay frees the oldest packet, and nothing when there is none")
{
    packet_slab slab(100);
    auto const order = fill(slab, 10);
    slab.decay();
    slab.decay();
    CHECK(slab.idle().count == 8);
    std::vector<packet_ptr> out;
    for (std::size_t i = 10; i-- > 2;) { // all except the two oldest are left
        out.push_back(slab.alloc());
        CHECK(out.back().get() == order[i]);
    }
    slab.decay();
    CHECK(slab.idle().count == 0);
}

TEST_CASE("slab: order and count stay right over many operations")
{
    packet_slab slab(100, 5);
    std::vector<void*> expected = fill(slab, 5);
    for (int turn = 0; turn < 1000; ++turn) {
        slab.decay();
        expected.erase(expected.begin());
        auto p = pktpool::create_packet(100);
        expected.push_back(p.get());
        REQUIRE(slab.try_push_back(p));
        REQUIRE(slab.idle().count == 5);
    }
    std::vector<packet_ptr> out; // outstanding, so that no address occurs twice
    for (; !expected.empty(); expected.pop_back()) {
        out.push_back(slab.alloc());
        CHECK(out.back().get() == expected.back());
    }
}

TEST_CASE("slab: a packet above the limit is freed, and the handle becomes null in both cases")
{
    auto const before = live_allocations();
    {
        packet_slab slab(100, 2);
        for (int i = 0; i < 4; ++i) {
            auto p = pktpool::create_packet(100);
            CHECK(slab.try_push_back(p) == (i < 2));
            CHECK(p == nullptr);
        }
        CHECK(slab.idle().count == 2);
        CHECK(slab.idle().bytes == 2 * (sizeof(pktpool::packet) + 100));
        packet_ptr null;
        CHECK_FALSE(slab.try_push_back(null));
        CHECK(slab.idle().count == 2);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("slab: a limit of zero keeps nothing")
{
    packet_slab slab(100, 0);
    fill(slab, 3);
    CHECK(slab.idle().count == 0);
}

TEST_CASE("slab: a moved-from slab is empty and usable")
{
    packet_slab slab(100, 3);
    auto const order = fill(slab, 3);
    packet_slab moved = std::move(slab);
    CHECK(moved.idle().count == 3);
    CHECK(moved.alloc().get() == order.back());

    CHECK(slab.idle().count == 0);
    CHECK(slab.allocate_size() == 100);
    fill(slab, 4);
    CHECK(slab.idle().count == 3);
}

TEST_CASE("slab: with a policy of one bucket")
{
    pktpool::basic_packet_slab<one_bucket, pktpool::single_threaded> slab;
    CHECK(slab.allocate_size() == 1252);
    auto const order = fill(slab, 5);
    CHECK(slab.idle().count == 3);
    auto moved = std::move(slab);
    CHECK(moved.idle().count == 3);
    CHECK(slab.idle().count == 0);
    CHECK(moved.alloc().get() == order[2]);
    moved.detach();
}

TEST_CASE("slab: without memory alloc throws and try_push_back frees; nothing leaks")
{
    auto const before = live_allocations();
    {
        packet_slab slab(100);
        auto p = slab.alloc();
        {
            failing_heap const out(0);
            CHECK_THROWS_AS(static_cast<void>(slab.alloc()), std::bad_alloc);
            CHECK_FALSE(slab.try_push_back(p)); // no memory for the slots
            CHECK(p == nullptr);
        }
        p = slab.alloc();
        CHECK(slab.try_push_back(p));
        failing_heap const out(0);
        CHECK_NOTHROW(p = slab.alloc()); // a hit allocates nothing
        CHECK_THROWS_AS(static_cast<void>(slab.alloc()), std::bad_alloc);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("slab: a moved-from slab of a bucket policy keeps packets again, in its own slots")
{
    pktpool::basic_packet_slab<one_bucket> slab;
    std::vector<decltype(slab)::packet_ptr> out;
    out.reserve(3);
    for (int i = 0; i < 3; ++i) {
        out.push_back(slab.alloc());
    }
    std::vector<void*> order;
    for (auto& p : out) {
        order.push_back(p.get());
        slab.try_push_back(p);
    }
    auto moved = std::move(slab);
    for (auto& p : out) {
        p = slab.alloc();
    }
    for (auto& p : out) {
        slab.try_push_back(p);
    }
    CHECK(slab.idle().count == 3);
    for (std::size_t i = 3; i-- > 0;) {
        out[i] = moved.alloc();
        CHECK(out[i].get() == order[i]);
    }
}

TEST_CASE("slab: a packet of another capacity, larger or smaller, stays with the caller")
{
    pktpool::packet_slab slab(100);
    for (std::size_t const size : {99U, 101U}) {
        auto p = pktpool::create_packet(size);
        CHECK_THROWS_AS(slab.try_push_back(p), std::invalid_argument);
        CHECK(p != nullptr);
    }
    CHECK(slab.idle().count == 0);
}

TEST_CASE("slab: sizes and limits up to the largest are accepted, larger ones refused")
{
    CHECK(pktpool::packet_slab(65535).allocate_size() == 65535);
    CHECK_THROWS_AS(pktpool::packet_slab(65536), std::length_error);
    CHECK(pktpool::packet_slab(1, 65535).limit() == 65535);
    CHECK_THROWS_AS(pktpool::packet_slab(1, 65536), std::length_error);
}

TEST_CASE("slab: the slots are allocated once")
{
    pktpool::packet_slab slab(100);
    auto p = slab.alloc();
    auto q = slab.alloc();
    auto const before = allocation_count();
    slab.try_push_back(p);
    slab.try_push_back(q);
    CHECK(allocation_count() == before + 1);
}

TEST_CASE("slab: moved from after decays, a slab is empty and usable")
{
    packet_slab slab(100);
    fill(slab, 10);
    slab.decay();
    slab.decay();
    auto const moved = std::move(slab);
    CHECK(moved.idle().count == 8);
    CHECK(slab.idle().count == 0);
    fill(slab, 12);
    CHECK(slab.idle().count == 10);
}
