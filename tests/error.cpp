#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "child.hpp"

import pktpool;

namespace {

child_result misuse(std::string const& which)
{
    return run_child(MISUSE " " + which);
}

bool contains(std::string const& text, std::string const& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("error: exceptions name the number and its bound")
{
    pktpool::packet_pool pool;
    CHECK_THROWS_WITH_AS(static_cast<void>(pool.acquire(65536)),
                         doctest::Contains("65536 is above the largest, 65535"), std::length_error);
    CHECK_THROWS_WITH_AS(static_cast<void>(pktpool::create_packet(70000)),
                         doctest::Contains("70000 is above the largest, 65535"), std::length_error);
    CHECK_THROWS_WITH_AS(pktpool::packet_slab(70001), doctest::Contains("70001"),
                         std::length_error);
    CHECK_THROWS_WITH_AS(pktpool::packet_slab(1, 70002), doctest::Contains("70002"),
                         std::length_error);
}

TEST_CASE("error: a packet of another capacity is refused with both capacities")
{
    pktpool::packet_slab slab(100);
    auto p = pktpool::create_packet(99);
    CHECK_THROWS_WITH_AS(slab.try_push_back(p),
                         doctest::Contains("a packet of capacity 99 does not belong to a slab of "
                                           "capacity 100"),
                         std::invalid_argument);
    CHECK(p != nullptr);
}

TEST_CASE("error: a broken contract ends the program; the report says what, where and what to do")
{
    for (auto const& [which, sizes] : {std::pair{"size", "header_size 0 and size 600"},
                                       {"size_const", "header_size 0 and size 600"},
                                       {"header_size", "header_size 11 and size 10"}}) {
        CAPTURE(which);
        auto const child = misuse(which);
        CHECK_FALSE(child.succeeded);
        CHECK(contains(child.output, std::string("pktpool: a packet has ") + sizes +
                                         ", but header_size <= size <= 548 must hold. Set both"));
        CHECK(contains(child.output, "misuse.cpp:"));
        CHECK_FALSE(contains(child.output, "terminate called")); // reads like a second bug
    }
    auto const bucket = misuse("bucket");
    CHECK_FALSE(bucket.succeeded);
    CHECK(contains(bucket.output, "bucket that the policy does not have ["));
    CHECK(contains(bucket.output, "misuse.cpp:"));
    CHECK(contains(bucket.output, "]\n")); // a line of its own
}

TEST_CASE("error: the report of a policy that breaks its contract names the policy's function")
{
    for (auto const& [which, text] : {
             std::pair{"surplus", "surplus() of the retention policy is above counts.idle"},
             {"misaligned", "null or not aligned to packet_alignment"},
             {"null", "null or not aligned to packet_alignment"},
         }) {
        CAPTURE(which);
        auto const child = misuse(which);
        CHECK_FALSE(child.succeeded);
        CHECK(contains(child.output, text));
    }
}

TEST_CASE("error: a correct program survives")
{
    auto const child = misuse("nothing");
    CHECK(child.succeeded);
    CHECK(child.output == "survived\n");
}
