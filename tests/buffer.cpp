// buffer(): the bytes to write into; a packet that was acquired for few bytes gets more of them.
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "child.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

using headroom_buckets = pktpool::with_headroom_tailroom<libtorrent_buckets, 10, 20>;
using with_headroom = pktpool::basic_packet_pool<headroom_buckets>;
using headroom_watched =
    pktpool::basic_packet_pool<headroom_buckets, single_threaded, pktpool::hardened>;
using returning =
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, pktpool::return_on_drop>;
using watched = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, pktpool::hardened>;
using cleared = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, pktpool::hardened,
                                           pktpool::clear_on_release>;

template <class Packet>
void fill(Packet& p, std::size_t bytes)
{
    std::fill_n(p.data(), bytes, std::byte{0x41});
}

} // namespace

TEST_CASE_TEMPLATE("buffer: a packet acquired for few bytes can be filled up to its capacity", Pool,
                   pktpool::packet_pool, returning, watched, cleared)
{
    Pool pool;
    for (int round = 0; round < 2; ++round) { // a miss, then a hit
        auto p = pool.acquire(100);
        fill(*p, 100);
        auto const all = p->buffer();
        CHECK(all.data() == p->data());
        CHECK(all.size() == 548);
        CHECK(p->data()[99] == std::byte{0x41}); // the old bytes are unchanged
        fill(*p, 548);
        p->size = 548;
        CHECK(p->used().size() == 548);
        pool.release(std::move(p));
    }
    CHECK(pool.idle(1).count == 1);
}

TEST_CASE_TEMPLATE("buffer: a call never takes bytes away, and several calls reach the capacity",
                   Pool, pktpool::packet_pool, returning, watched, cleared)
{
    Pool pool;
    auto p = pool.acquire(100);
    for (std::size_t const bytes : {101U, 150U, 50U, 0U, 150U, 547U}) {
        auto const buffer = p->buffer(bytes);
        CHECK(buffer.data() == p->data());
        CHECK(buffer.size() == bytes);
        fill(*p, std::max<std::size_t>(bytes, 100));
    }
    fill(*p, 547); // these bytes were requested before
    pool.release(std::move(p));

    auto full = pool.acquire(548);
    CHECK(full->buffer(548).size() == 548);
    CHECK(full->buffer(3).size() == 3);
    fill(*full, 548);
    full.reset();

    auto exact = pool.acquire(3000);
    CHECK(exact->buffer().size() == 3000);
    fill(*exact, 3000);
    pool.release(std::move(exact));
    auto const free = pktpool::create_packet(50);
    CHECK(free->buffer().size() == 50);
    fill(*free, 50);
}

TEST_CASE_TEMPLATE("buffer: the tailroom grows by the bytes that were not asked for before", Pool,
                   with_headroom, headroom_watched)
{
    Pool pool;
    auto p = pool.acquire(100);
    p->size = 100;
    CHECK(p->tailroom() == 20);
    CHECK(p->buffer(300).size() == 300);
    CHECK(p->tailroom() == 220);
    CHECK(p->headroom() == 10);
    CHECK(p->buffer(200).size() == 200); // fewer bytes than before have no effect
    CHECK(p->tailroom() == 220);
    std::ranges::fill(p->append(220), std::byte{1});
    CHECK(p->tailroom() == 0);
    CHECK(p->buffer(548).size() == 548);
    CHECK(p->tailroom() == 248);
    std::ranges::fill(p->append(248), std::byte{2});
    CHECK(p->used().size() == 568);
    pool.release(std::move(p));

    p = pool.acquire(100); // the same size again
    CHECK(p->tailroom() == 120);
    pool.release(std::move(p));
}

TEST_CASE_TEMPLATE("buffer: bytes count from data() after prepend and trim_start", Pool,
                   with_headroom, headroom_watched)
{
    Pool pool;
    auto p = pool.acquire(100);
    p->size = 50;
    CHECK(p->prepend(10).size() == 10);
    CHECK(p->tailroom() == 70);
    CHECK(p->buffer(5).size() == 5); // in front of the datagram
    CHECK(p->tailroom() == 70);
    CHECK(p->buffer(150).size() == 150); // 140 of the datagram
    CHECK(p->tailroom() == 110);
    p->trim_start(40);
    CHECK(p->tailroom() == 110);
    CHECK(p->headroom() == 40);
    auto const rest = p->buffer();
    CHECK(rest.data() == p->data());
    CHECK(rest.size() == 518);
    CHECK(p->tailroom() == 518);
    CHECK(p->headroom() == 40);
    std::ranges::fill(p->append(518), std::byte{1});
    std::ranges::fill(p->prepend(40), std::byte{1});
    pool.release(std::move(p));

    p = pool.acquire(548);
    CHECK(p->prepend(10).size() == 10);
    CHECK(p->buffer().size() == 558);
    pool.release(std::move(p));
}

TEST_CASE("buffer: more than the capacity ends the program")
{
    for (std::string const pool : {"plain", "returning", "hardened"}) {
        CAPTURE(pool);
        auto const child = run_child(MISUSE_OF_PACKETS " " + pool + " buffer_too_much");
        CAPTURE(child.output);
        CHECK(!child.succeeded);
        CHECK(child.output.find(
                  "pktpool: buffer() of 549 bytes is more than the capacity that is left, 548") !=
              std::string::npos);
    }
}

TEST_CASE("buffer: hardened reports a size with bytes that were not asked for")
{
    auto const child = run_unpoisoned(MISUSE_OF_PACKETS " hardened size_not_asked_for");
    CAPTURE(child.output);
    CHECK(!child.succeeded);
    CHECK(child.output.find("has header_size 0 and size 101, but header_size <= size <= 100 must "
                            "hold") != std::string::npos);
    CHECK(run_child(MISUSE_OF_PACKETS " returning size_not_asked_for").output == "survived\n");
}

TEST_CASE("buffer: hardened reports earlier writes to the bytes of buffer() and overruns")
{
    auto const hardened = [](std::string const& how) {
        return run_unpoisoned(MISUSE_OF_PACKETS " hardened " + how);
    };
    for (auto const& [how, what] : {
             std::pair{"buffer_after_overrun",
                       "overrun: of the 100 bytes asked for, byte 150 of its buffer is 0x41"},
             {"buffer_then_overrun",
              "overrun: of the 200 bytes asked for, byte 200 of its buffer is 0x41"},
             {"buffer_far_behind_overrun",
              "of the 100 bytes asked for, byte 100 of its buffer is 0x41"},
             {"buffer_before_reuse",
              "overrun: of the 100 bytes asked for, byte 100 of its buffer is 0x41"},
             {"buffer_idle", "the packet at 0x"},
         }) {
        auto const child = hardened(how);
        CAPTURE(std::string(how));
        CAPTURE(child.output);
        CHECK(!child.succeeded);
        CHECK(child.output.find(what) != std::string::npos);
    }
    CHECK(hardened("buffer").output == "survived\n");
}

TEST_CASE("buffer: memory checkers accept bytes of buffer() and no others")
{
    for (std::string const pool : {"plain", "returning", "hardened"}) {
        CAPTURE(pool);
        CHECK(run_child(MISUSE_OF_PACKETS " " + pool + " buffer").output == "survived\n");
#if defined(__has_feature)
#    if __has_feature(address_sanitizer)
        for (std::string const how : {"buffer_then_overrun", "buffer_before_reuse"}) {
            CHECK(run_child(MISUSE_OF_PACKETS " " + pool + " " + how)
                      .output.find("AddressSanitizer: use-after-poison") != std::string::npos);
        }
#    endif
#endif
#if defined(MEMCHECK)
        CHECK(run_child(MEMCHECK " " MISUSE_OF_PACKETS " " + pool + " buffer").output ==
              "survived\n");
        CHECK(run_child(MEMCHECK " " MISUSE_OF_PACKETS " " + pool + " buffer_then_overrun")
                  .output.find("Invalid write of size 1") != std::string::npos);
#endif
    }
}

TEST_CASE("buffer: hardened reports an overwritten header before it uses the header")
{
    for (auto const& [how, what] :
         {std::pair{"buffer_behind_canary", "was overwritten in front of its buffer"},
          {"buffer_of_overwritten_capacity",
           "was overwritten in its header: bucket 1 and allocated 65535, expected 1 and 548"}}) {
        auto const child = run_unpoisoned(MISUSE_OF_PACKETS " hardened " + std::string(how));
        CAPTURE(child.output);
        CHECK(!child.succeeded);
        CHECK(child.output.find(what) != std::string::npos);
    }
}

TEST_CASE("buffer: memory checkers accept bytes of buffer() of packets with headroom and tailroom")
{
    for (std::string const pool : {"with_headroom", "headroom_hardened"}) {
        CAPTURE(pool);
        CHECK(run_child(MISUSE_OF_PACKETS " " + pool + " buffer_then_read").output ==
              "something\nsurvived\n");
#if defined(MEMCHECK)
        CHECK(run_child(MEMCHECK " " MISUSE_OF_PACKETS " " + pool + " buffer_then_read").output ==
              "something\nsurvived\n");
        CHECK(run_child(MEMCHECK " " MISUSE_OF_PACKETS " " + pool + " buffer_in_front_of_headroom")
                  .output.find("Invalid write of size 1") != std::string::npos);
#endif
    }
#if defined(__has_feature)
#    if __has_feature(address_sanitizer)
    for (std::string const pool : {"narrow", "narrow_hardened"}) {
        CAPTURE(pool);
        CHECK(run_child(MISUSE_OF_PACKETS " " + pool + " buffer_in_front_of_headroom")
                  .output.find("AddressSanitizer: use-after-poison") != std::string::npos);
    }
#    endif
#endif
}
