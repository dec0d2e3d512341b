// Headroom and tailroom, and shrink_to_bucket.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <new>
#include <numeric>
#include <source_location>
#include <span>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "allocations.hpp"
#include "child.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

using headroom_buckets = pktpool::with_headroom_tailroom<libtorrent_buckets, 10, 20>;

struct one_headroom_bucket {
    static constexpr std::array buckets{pktpool::bucket{.size = 100, .limit = 1}};
    static constexpr std::size_t headroom = 1;
};

struct tagged {
    int tag = 0;
};

using headroom_pool = pktpool::basic_packet_pool<headroom_buckets>;
using headroom_adaptive_pool =
    pktpool::basic_packet_pool<headroom_buckets, single_threaded, pktpool::demand_tracked,
                               pktpool::return_on_drop, pktpool::counted>;
using headroom_hardened_pool =
    pktpool::basic_packet_pool<headroom_buckets, single_threaded, pktpool::hardened>;
using headroom_cleared_pool =
    pktpool::basic_packet_pool<headroom_buckets, single_threaded, pktpool::clear_on_release>;
using head_only_pool =
    pktpool::basic_packet_pool<pktpool::with_headroom_tailroom<libtorrent_buckets, 16, 0>,
                               single_threaded, pktpool::hardened>;

template <class Pool>
concept has_headroom = requires(Pool& pool) { pool.acquire(1)->headroom(); };

void number(std::span<std::byte> bytes, int first)
{
    for (auto& each : bytes) {
        each = static_cast<std::byte>(first++);
    }
}
bool is_numbered(std::span<std::byte const> bytes, int first)
{
    return std::ranges::all_of(
        bytes, [&first](std::byte each) { return each == static_cast<std::byte>(first++); });
}

} // namespace

TEST_CASE_TEMPLATE(
    "headroom: used bytes grow in front and behind, and the payload stays in its position", Pool,
    headroom_pool, headroom_adaptive_pool, headroom_hardened_pool, headroom_cleared_pool)
{
    Pool pool;
    for (int round = 0; round < 3; ++round) { // a miss, then hits
        auto p = pool.acquire(300);
        CHECK(p->allocated == 548);
        CHECK(reinterpret_cast<std::uintptr_t>(p->data()) % pktpool::packet_alignment == 0);
        CHECK(p->headroom() == 10);
        CHECK(p->tailroom() == 300 + 20);

        p->size = 300;
        p->header_size = 4;
        number(p->used(), 100);
        auto* const datagram = p->data();
        CHECK(p->tailroom() == 20);

        auto const header = p->prepend(7);
        CHECK(header.data() == datagram - 7);
        CHECK(header.size() == 7);
        number(header, 93);
        CHECK(p->headroom() == 3);
        CHECK(p->tailroom() == 20);

        auto const trailer = p->append(16);
        CHECK(trailer.data() == datagram + 300);
        CHECK(trailer.size() == 16);
        number(trailer, 400);
        CHECK(p->tailroom() == 4);

        CHECK(p->used().data() == datagram - 7);
        CHECK(p->used().size() == 323);
        CHECK(is_numbered(p->used(), 93));
        CHECK(p->header_size == 11);
        CHECK(p->payload().data() == datagram + 4);
        CHECK(p->payload().size() == 312);

        p->trim_start(11);
        CHECK(p->header_size == 0);
        CHECK(p->headroom() == 14);
        CHECK(p->used().data() == datagram + 4);
        p->trim_end(16);
        CHECK(p->tailroom() == 20);
        CHECK(is_numbered(p->used(), 104));
        CHECK(p->used().size() == 296);
        CHECK(p->prepend(14).size() == 14); // all of the headroom
        CHECK(p->append(20).size() == 20);
        CHECK(p->headroom() == 0);
        CHECK(p->tailroom() == 0);
        CHECK(p->prepend(0).empty());
        CHECK(p->append(0).empty());
        pool.release(std::move(p));
        CHECK(pool.idle(1).count == 1);
    }
}

TEST_CASE_TEMPLATE("headroom: batches, acquire<N>() and exact-size packets have it", Pool,
                   headroom_pool, headroom_adaptive_pool, headroom_hardened_pool)
{
    Pool pool;
    std::array<typename Pool::packet_ptr, 3> batch;
    for (int round = 0; round < 2; ++round) {
        pool.acquire(20, batch);
        for (auto const& p : batch) {
            CHECK(p->headroom() == 10);
            CHECK(p->tailroom() == 40);
        }
        pool.acquire(3000, batch);
        for (auto const& p : batch) {
            CHECK(p->buffer().size() == 3000);
            CHECK(p->headroom() == 10);
            CHECK(p->tailroom() == 3020);
            number(p->prepend(10), 0);
            number(p->append(3020), 10);
        }
        pool.release(batch);
        auto const p = pool.template acquire<1000>();
        CHECK(p->tailroom() == 1020);
        CHECK(pool.acquire(0)->tailroom() == 20);
    }
}

TEST_CASE_TEMPLATE("headroom: a released batch has all of it again", Pool, headroom_pool,
                   headroom_adaptive_pool, headroom_hardened_pool)
{
    Pool pool;
    std::array<typename Pool::packet_ptr, 3> batch;
    for (std::size_t const size : {548U, 21U, 300U}) {
        pool.acquire(size, batch);
        for (auto const& p : batch) {
            CHECK(p->headroom() == 10);
            CHECK(p->tailroom() == size + 20);
            CHECK(p->prepend(10).size() == 10);
        }
        pool.release(batch);
    }
}

TEST_CASE("headroom: trim_start may reach into the tailroom, behind the buffer")
{
    headroom_pool pool;
    auto const p = pool.acquire(548);
    p->size = 548;
    p->append(20);
    p->trim_start(560);
    CHECK(p->buffer().empty());
    CHECK(p->used().size() == 8);
    CHECK(p->headroom() == 570);
    CHECK(p->tailroom() == 0); // buffer() gave no bytes, so it asked for none behind the capacity
}

TEST_CASE("clearing: headroom and tailroom of a packet are cleared")
{
    headroom_cleared_pool pool;
    for (int round = 0; round < 2; ++round) {
        auto p = pool.acquire(548);
        p->size = 548;
        auto const header = p->prepend(10);
        auto const trailer = p->append(20);
        if (round > 0) {
            CHECK(std::ranges::count(header, std::byte{0}) == 10);
            CHECK(std::ranges::count(trailer, std::byte{0}) == 20);
        }
        number(header, 1);
        number(trailer, 1);
        pool.release(std::move(p));
    }
}

TEST_CASE("headroom: reset() moves the used bytes to the start of the datagram")
{
    headroom_pool pool;
    auto const p = pool.acquire(100);
    auto const* const datagram = p->data();
    p->size = 50;
    p->prepend(10);
    p->reset();
    CHECK(p->data() == datagram);
    CHECK(p->headroom() == 10);
    CHECK(p->tailroom() == 120);
    p->size = 50;
    p->trim_start(50);
    p->reset();
    CHECK(p->data() == datagram);
    CHECK(p->buffer().size() == 548);
}

TEST_CASE("headroom: a size up to the capacity is no error, but nothing can be appended")
{
    headroom_pool pool;
    auto const p = pool.acquire(100);
    p->size = 121;
    CHECK(p->used().size() == 121);
    CHECK(p->headroom() == 10);
    CHECK(p->tailroom() == 0);
    p->size = 548 + 20;
    CHECK(p->used().size() == 568);
}

TEST_CASE("headroom: tailroom without headroom")
{
    pktpool::basic_packet_pool<pktpool::rtp_buckets<pktpool::ip::v4>> pool;
    auto const p = pool.acquire(100);
    CHECK(p->headroom() == 0);
    CHECK(p->tailroom() == 120);
}

TEST_CASE("headroom: the largest headroom and tailroom")
{
    pktpool::basic_packet_pool<pktpool::with_headroom_tailroom<libtorrent_buckets, 65535, 65535>>
        pool;
    auto const p = pool.acquire(65535);
    CHECK(p->headroom() == 65535);
    CHECK(p->tailroom() == 65535);
    number(p->prepend(65535), 1);
    CHECK(p->headroom() == 0);
    CHECK(p->tailroom() == 0);
}

TEST_CASE("headroom: a datagram is never larger than 65535")
{
    headroom_hardened_pool pool;
    auto const p = pool.acquire(65535);
    p->size = 65530;
    CHECK(p->headroom() == 5);
    CHECK(p->tailroom() == 5);
    p->prepend(5);
    CHECK(p->size == 65535);
    CHECK(p->headroom() == 0);
    CHECK(p->tailroom() == 0);
}

TEST_CASE("headroom: headroom without tailroom, a multiple of the alignment")
{
    head_only_pool pool;
    auto p = pool.acquire(100);
    p->size = 100;
    CHECK(p->headroom() == 16);
    CHECK(p->tailroom() == 0);
    number(p->prepend(16), 0);
    number(p->used().subspan(16), 16);
    CHECK(is_numbered(p->used(), 0));
    p->trim_end(50);
    p->trim_end(60);
    CHECK(p->header_size == 6);
    p->trim_start(6);
    CHECK(p->used().empty());
    pool.release(std::move(p));
}

TEST_CASE("headroom: it counts as idle bytes, and exists only if it is declared")
{
    headroom_pool pool;
    pool.reserve(20, 1);
    CHECK(pool.idle(0).bytes == sizeof(headroom_pool::packet) + 16 + 20 + 20);
    CHECK(has_headroom<headroom_pool>);
    CHECK(!has_headroom<pktpool::packet_pool>);
}

TEST_CASE("headroom: packets of a slab have it")
{
    pktpool::basic_packet_slab<one_headroom_bucket> slab;
    auto p = slab.alloc();
    CHECK(p->headroom() == 1);
    CHECK(slab.try_push_back(p));
}

TEST_CASE("headroom: a call that exceeds it ends the program with a report of the bytes left")
{
    for (auto const& [how, what] : {
             std::pair{"prepend",
                       "prepend() of 11 bytes is more than the headroom that is left, 10"},
             {"append", "append() of 121 bytes is more than the tailroom that is left, 70"},
             {"trim_start", "trim_start() of 51 bytes is more than the size that is left, 50"},
             {"trim_end", "trim_end() of 51 bytes is more than the size that is left, 50"},
             {"size", "has header_size 0 and size 569, but header_size <= size <= 568 must hold"},
             {"size_and_headroom",
              "has header_size 0 and size 569, but header_size <= size <= 568 must hold"},
             {"size_and_tailroom",
              "has header_size 0 and size 569, but header_size <= size <= 568 must hold"},
             {"size_and_trim_start",
              "has header_size 0 and size 569, but header_size <= size <= 568 must hold"},
             {"size_and_trim_end",
              "has header_size 0 and size 569, but header_size <= size <= 568 must hold"},
         }) {
        auto const child = run_child(MISUSE_OF_PACKETS " with_headroom " + std::string(how));
        CAPTURE(child.output);
        CHECK(!child.succeeded);
        CHECK(child.output.find(what) != std::string::npos);
    }
}

TEST_CASE("headroom: hardened reports writes outside of it")
{
    for (auto const& [how, what] : {
             std::pair{"in_front_of_headroom",
                       "overrun: of the 100 bytes asked for, byte -11 of its buffer is 0x41"},
             {"behind_tailroom",
              "overrun: of the 100 bytes asked for, byte 120 of its buffer is 0x41"},
             {"in_front_of_an_exact_one",
              "overrun: of the 3000 bytes asked for, byte -16 of its buffer is 0x41"},
             {"in_front_of_an_exact_batch",
              "overrun: of the 3000 bytes asked for, byte -16 of its buffer is 0x41"},
             {"idle_padding", "written after its release: byte -11 of its buffer is 0x41"},
             {"idle_headroom", "written after its release: byte -10 of its buffer is 0x41"},
             {"idle_trailer", "written after its release: byte 568 of its buffer is 0x41"},
         }) {
        auto const child =
            run_unpoisoned(MISUSE_OF_PACKETS " headroom_hardened " + std::string(how));
        CAPTURE(child.output);
        CHECK(!child.succeeded);
        CHECK(child.output.find(what) != std::string::npos);
    }
    CHECK(run_child(MISUSE_OF_PACKETS " headroom_hardened nothing").output == "survived\n");
    CHECK(run_child(MISUSE_OF_PACKETS " with_headroom nothing").output == "survived\n");
}

TEST_CASE_TEMPLATE(
    "shrink_to_bucket: the contents move to a packet of the smallest bucket that holds them", Pool,
    pktpool::packet_pool, headroom_pool, headroom_adaptive_pool, headroom_hardened_pool)
{
    Pool pool;
    auto p = pool.acquire(1472);
    p->size = 20;
    p->header_size = 8;
    p->need_resend = true;
    number(p->used(), 1);
    auto* const large = p.get();
    CHECK(pool.shrink_to_bucket(p));
    CHECK(p.get() != large);
    CHECK(p->allocated == 20);
    CHECK(p->header_size == 8);
    CHECK(bool{p->need_resend});
    CHECK(is_numbered(p->used(), 1));
    CHECK(p->used().size() == 20);
    CHECK(pool.idle(2).count == 1); // the large packet is idle
    CHECK(!pool.shrink_to_bucket(p));
    pool.release(std::move(p));
    CHECK(!pool.shrink_to_bucket(p)); // null
    CHECK(pool.idle(0).count == 1);
}

TEST_CASE("shrink_to_bucket: never moves to a larger bucket")
{
    pktpool::packet_pool pool;
    auto p = pktpool::create_packet(100); // without a bucket
    p->size = 21;
    CHECK(!pool.shrink_to_bucket(p));
    CHECK(p->allocated == 100);
    p->size = 20;
    CHECK(pool.shrink_to_bucket(p));
}

TEST_CASE("shrink_to_bucket: at every edge of the buckets, and from above the largest")
{
    pktpool::packet_pool pool;
    for (auto const& [from, size, to] : {
             std::array<std::size_t, 3>{1472, 0, 20},
             {1472, 20, 20},
             {1472, 21, 548},
             {1472, 548, 548},
             {1472, 549, 1472}, // stays
             {548, 21, 548},
             {548, 0, 20},
             {20, 0, 20},
             {65535, 1472, 1472},
             {65535, 1473, 65535}, // stays
         }) {
        auto p = pool.acquire(from);
        CAPTURE(from);
        CAPTURE(size);
        p->size = static_cast<std::uint16_t>(size);
        number(p->used(), 3);
        bool const moves = p->allocated != to;
        CHECK(pool.shrink_to_bucket(p) == moves);
        CHECK(p->allocated == to);
        CHECK(p->size == size);
        CHECK(is_numbered(p->used(), 3));
    }
}

TEST_CASE("shrink_to_bucket: after prepend and trim_start")
{
    headroom_hardened_pool pool;
    for (std::size_t const prepended : {0U, 3U, 10U}) {
        for (std::size_t const trimmed : {0U, 2U, 15U}) {
            auto p = pool.acquire(1472);
            p->size = 22;
            p->prepend(prepended);
            number(p->used(), 7);
            p->trim_start(trimmed);
            auto const used = p->used().size();
            CAPTURE(prepended);
            CAPTURE(trimmed);
            CHECK(pool.shrink_to_bucket(p));
            CHECK(p->used().size() == used);
            CHECK(is_numbered(p->used(), static_cast<int>(7 + trimmed)));
            CHECK(p->headroom() == 10 - prepended + trimmed);
            CHECK(p->tailroom() == 20);
            CHECK(p->allocated == 548); // the used bytes end 22 bytes behind the start
            pool.release(std::move(p));
        }
    }
}

TEST_CASE("shrink_to_bucket: all used bytes may be in the headroom")
{
    headroom_pool pool;
    auto p = pool.acquire(1472);
    p->size = 22;
    p->prepend(10);
    number(p->used(), 5);
    p->trim_end(26);
    CHECK(pool.shrink_to_bucket(p));
    CHECK(p->allocated == 20);
    CHECK(p->used().size() == 6);
    CHECK(is_numbered(p->used(), 5));
    CHECK(p->headroom() == 0);
}

TEST_CASE("shrink_to_bucket: its caller is the call site of the new packet")
{
    headroom_hardened_pool pool;
    auto p = pool.acquire(1472);
    auto const here = std::source_location::current();
    CHECK(pool.shrink_to_bucket(p, here));
    auto const call_sites = pool.outstanding();
    REQUIRE(call_sites.size() == 1);
    CHECK(call_sites[0].call_site.line() == here.line());
    CHECK(std::string(call_sites[0].call_site.file_name()) == here.file_name());
}

TEST_CASE("shrink_to_bucket: without memory the packet is unchanged")
{
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, tagged> pool;
    auto p = pool.acquire(1472);
    p->tag = 4711;
    p->size = 9;
    number(p->used(), 1);
    {
        failing_heap const full(0);
        CHECK_THROWS_AS(pool.shrink_to_bucket(p), std::bad_alloc);
    }
    CHECK(p->allocated == 1472);
    CHECK(p->tag == 4711);
    CHECK(is_numbered(p->used(), 1));
    CHECK(pool.shrink_to_bucket(p));
    CHECK(p->tag == 4711);
}

TEST_CASE("shrink_to_bucket: counts as an acquire and a release")
{
    headroom_adaptive_pool pool;
    auto p = pool.acquire(1472);
    p->size = 1;
    CHECK(pool.shrink_to_bucket(p));
    auto const total = pool.statistics().total;
    CHECK(total.misses == 2);
    CHECK(total.kept == 1);
    CHECK(total.outstanding == 1);
}
