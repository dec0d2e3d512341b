#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"
#include "child.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

using plain_pool =
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, pktpool::hardened>;
using returning_pool = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded,
                                                  pktpool::return_on_drop, pktpool::hardened>;

struct one_in_four : pktpool::hardened {
    static constexpr std::uint32_t call_sites_one_in = 4;
};
using sampled_pool = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, one_in_four>;

child_result misuse(std::string const& pool, std::string const& how)
{
    return run_unpoisoned(MISUSE_OF_PACKETS " " + pool + " " + how);
}

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

/// The child ends with a report of one line that contains all parts.
void check_report(std::string const& how, std::vector<std::string> const& parts)
{
    for (auto const* const pool : {"hardened", "hardened_returning", "hardened_elsewhere"}) {
        auto const child = misuse(pool, how);
        CAPTURE(how);
        CAPTURE(child.output);
        CHECK(!child.succeeded);
        CHECK(contains(child.output, "pktpool: the packet at 0x"));
        for (auto const& part : parts) {
            CAPTURE(part);
            CHECK(contains(child.output, part));
        }
    }
}

} // namespace

TEST_CASE("guard: a double release or a release to another pool names both call sites and the pool")
{
    for (auto const* const how : {"double_release", "double_drop", "double_release_of_a_batch"}) {
        check_report(how, {"was released twice", "it has 548 bytes", "was acquired at ",
                           "misuse_of_packets.cpp:", ", released at ",
                           "belongs to the pool first used at "});
        CHECK_FALSE(contains(misuse("hardened", how).output, "not recorded"));
    }
    for (auto const* const how :
         {"release_elsewhere", "release_elsewhere_batch", "release_to_an_unused_one"}) {
        check_report(how, {"released to another pool than its own", "was acquired at "});
    }
}

TEST_CASE("guard: an overrun is reported at a release, a batch release and a drop")
{
    check_report(
        "overrun",
        {"overrun: of the 100 bytes asked for, byte 100 of its buffer is 0x41, expected 0xdb",
         "was acquired at "});
    check_report("overrun_of_a_batch",
                 {"of the 50 bytes asked for, byte 50 of its buffer is 0x41, expected 0xdb"});
    check_report("overrun_then_drop",
                 {"of the 100 bytes asked for, byte 100 of its buffer is 0x41, expected 0xdb"});
    check_report("overrun_of_the_bucket",
                 {"of the 548 bytes asked for, byte 548 of its buffer is 0x41"});
    check_report("overrun_throughout",
                 {"of the 100 bytes asked for, byte 100 of its buffer is 0x41"});
    check_report("overrun_above_the_buckets",
                 {"of the 3000 bytes asked for, byte 3000 of its buffer is 0x41"});
}

TEST_CASE("guard: an overwritten header is reported, and whether the record is intact")
{
    check_report("in_front_1", {"overwritten in front of its buffer: the word there is 0x",
                                ", expected 0x", "was acquired at "});
    check_report("header", {"overwritten in its header: bucket 1 and allocated 577, expected 1 and "
                            "548",
                            "was acquired at "});
    check_report("header_bucket", {"overwritten in its header: bucket 65 and allocated 548, "
                                   "expected 1 and 548"});
    check_report("whole_header",
                 {"the word there is 0x4141414141414141", "its record was overwritten, too"});
}

TEST_CASE("guard: a write after release is reported at the next acquire or free")
{
    for (auto const* const how : {"write_idle_then_acquire", "write_idle_then_trim",
                                  "write_idle_buffer", "write_idle_batch"}) {
        check_report(how, {"written after its release: byte 7 of its buffer is 0x41, expected 0xdb",
                           "was acquired at ", ", released at "});
    }
}

TEST_CASE("guard: correct uses are not reported")
{
    for (auto const* const pool : {"hardened", "hardened_returning", "hardened_elsewhere"}) {
        auto const child = misuse(pool, "nothing");
        CHECK(child.succeeded);
        CHECK(child.output == "survived\n");
    }
}

TEST_CASE("guard: the destructor of a pool lists outstanding packets if the policy asks for it")
{
    auto const child = misuse("reporting", "outstanding");
    CAPTURE(child.output);
    CHECK(child.succeeded);
    CHECK(contains(child.output, "pktpool: at the end of the pool first used at "));
    CHECK(contains(child.output, "pktpool:   1 of bucket 1, acquired at "));
    CHECK(contains(child.output, "pktpool:   1 of bucket 2, acquired at "));
    CHECK(contains(child.output, "pktpool:   1 above the largest bucket, acquired at "));
    CHECK(misuse("hardened", "outstanding").output == "survived\n");
    CHECK(misuse("reporting", "nothing").output == "survived\n");
    CHECK(misuse("reporting_elsewhere", "claim").output == "survived\n"); // it is on the list
}

TEST_CASE_TEMPLATE(
    "guard: outstanding packets are listed by call site and bucket, most packets first", Pool,
    plain_pool, returning_pool)
{
    Pool pool;
    CHECK(pool.outstanding().empty());
    std::array<typename Pool::packet_ptr, 5> held;
    for (auto& p : held) {
        p = pool.acquire(548);
    }
    auto const line = std::source_location::current().line() - 2;
    auto one = pool.acquire(20);
    auto exact = pool.acquire(2000);
    std::array<typename Pool::packet_ptr, 2> batch;
    pool.acquire(1472, batch);
    auto const line_of_batch = std::source_location::current().line() - 1;

    auto call_sites = pool.outstanding();
    REQUIRE(call_sites.size() == 4);
    CHECK(call_sites[0].count == 5);
    CHECK(call_sites[0].bucket == 1);
    CHECK(call_sites[0].call_site.line() == line);
    CHECK(contains(call_sites[0].call_site.file_name(), "guard.cpp"));
    CHECK(call_sites[1].count == 2);
    CHECK(call_sites[1].bucket == 2);
    CHECK(call_sites[1].call_site.line() == line_of_batch);
    CHECK(call_sites[2].bucket == 0);
    CHECK(call_sites[3].bucket == pktpool::no_bucket);

    held[0].reset(); // the oldest of the list, one in the middle, the newest
    pool.release(std::move(held[2]));
    held[4].reset();
    one.reset();
    exact.reset();
    pool.release(batch);
    call_sites = pool.outstanding();
    REQUIRE(call_sites.size() == 1);
    CHECK(call_sites[0].count == 2);

    Pool moved = std::move(pool);
    CHECK(pool.outstanding().empty());
    CHECK(moved.outstanding().size() == 1);
    held[1].reset();
    held[3].reset();
    CHECK(moved.outstanding().empty());
}

TEST_CASE("guard: call_sites_one_in = 4 records the call site of the first of four acquires")
{
    sampled_pool pool;
    std::array<sampled_pool::packet_ptr, 9> held;
    for (auto& p : held) {
        p = pool.acquire(20);
    }
    auto const call_sites = pool.outstanding();
    REQUIRE(call_sites.size() == 1);
    CHECK(call_sites[0].count == 3);
}

TEST_CASE_TEMPLATE("guard: packets that outlive their pool are checked, too", Pool, plain_pool,
                   returning_pool)
{
    auto const before = live_allocations();
    {
        typename Pool::packet_ptr p;
        typename Pool::packet_ptr exact;
        {
            Pool pool;
            p = pool.acquire(100);
            exact = pool.acquire(1473);
            pool.release(pool.acquire(100));
        }
        p->data()[99] = std::byte{1};
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("guard: only a hardened packet is larger")
{
    static_assert(sizeof(pktpool::packet) == sizeof(pktpool::packet_pool::packet));
    static_assert(sizeof(plain_pool::packet) > sizeof(pktpool::packet));
    plain_pool pool;
    auto const p = pool.acquire(20);
    CHECK(p->allocated == 20);
    CHECK(reinterpret_cast<std::uintptr_t>(p->data()) % 16 == 0);
}

TEST_CASE("guard: without memory outstanding() throws and changes nothing")
{
    plain_pool pool;
    auto const p = pool.acquire(20);
    {
        failing_heap const none(0);
        CHECK_THROWS_AS(static_cast<void>(pool.outstanding()), std::bad_alloc);
    }
    CHECK(pool.outstanding().size() == 1);
}

TEST_CASE("guard: a change of any byte of the record is reported, except of padding")
{
    int seen = 0;
    constexpr int canary_seal_and_facts = 48; // in bytes
    for (int byte = 1; byte <= canary_seal_and_facts; ++byte) {
        auto const child = misuse("hardened", "in_front_" + std::to_string(byte));
        seen += contains(child.output, "the packet at 0x") && !child.succeeded ? 1 : 0;
    }
    constexpr int fill = sizeof(void*) == 8 ? 2 : 6; // padding that aligns seal and canary
    CHECK(seen >= canary_seal_and_facts - fill);
}

TEST_CASE(
    "guard: a report names the first use of the pool, and a call site only if it was recorded")
{
    auto const call_site = [](std::string_view text, std::string_view behind) {
        auto const begin = text.find(behind) + behind.size();
        return std::string(text.substr(begin, text.find_first_of(",\n ", begin) - begin));
    };
    auto const first = misuse("hardened", "overrun").output;
    auto const second = misuse("hardened", "overrun_of_the_second").output;
    CHECK(contains(call_site(first, "first used at "), "misuse_of_packets.cpp:"));
    CHECK(call_site(first, "was acquired at ") == call_site(first, "first used at "));
    CHECK(call_site(second, "was acquired at ") != call_site(second, "first used at "));
    CHECK(call_site(second, "first used at ") == call_site(first, "first used at "));
    CHECK(contains(misuse("sampled", "overrun_of_the_second").output,
                   "was acquired at a call site that was not recorded"));
}

TEST_CASE("guard: packets of a call site are counted together, in any order of acquires")
{
    plain_pool pool;
    std::vector<plain_pool::packet_ptr> held;
    for (std::size_t const size : {20U, 548U, 20U, 548U, 20U}) {
        held.push_back(pool.acquire(size));
    }
    auto const call_sites = pool.outstanding();
    REQUIRE(call_sites.size() == 2);
    CHECK(call_sites[0].bucket == 0);
    CHECK(call_sites[0].count == 3);
    CHECK(call_sites[1].bucket == 1);
    CHECK(call_sites[1].count == 2);
}

TEST_CASE("guard: a packet whose call site is no longer recorded does not change the list")
{
    sampled_pool pool;
    auto again = pool.acquire(20); // recorded, then not recorded
    pool.release(std::move(again));
    again = pool.acquire(20);
    std::array<sampled_pool::packet_ptr, 3> held; // the last one is recorded
    for (auto& p : held) {
        p = pool.acquire(20);
    }
    pool.release(std::move(again));
    CHECK(pool.outstanding().size() == 1);
}

TEST_CASE("guard: a call of buffer() for a released packet is reported")
{
    check_report("buffer_idle",
                 {"was filled after its release", "was acquired at ", "released at "});
}

TEST_CASE("guard: a recorded packet between others leaves the list")
{
    sampled_pool pool;
    std::array<sampled_pool::packet_ptr, 9> held; // the first, fifth and ninth are recorded
    for (auto& p : held) {
        p = pool.acquire(20);
    }
    auto const recorded = [&pool] {
        std::size_t count = 0;
        for (auto const& each : pool.outstanding()) {
            count += each.count;
        }
        return count;
    };
    CHECK(recorded() == 3);
    auto* const middle = held[4].get();
    pool.release(std::move(held[4]));
    CHECK(recorded() == 2);
    held[4] = pool.acquire(20);
    CHECK(held[4].get() == middle);
    CHECK(recorded() == 2);
    pool.release(std::move(held[4]));
    CHECK(recorded() == 2);
    pool.release(std::move(held[0]));
    CHECK(recorded() == 1);
    pool.release(std::move(held[8]));
    CHECK(recorded() == 0);
}
