#include "arrivals.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "limits.hpp"
#include "packet_trace.hpp"

namespace {

using namespace std::chrono_literals;

struct datagram {
    std::chrono::nanoseconds at;
    std::uint16_t size;
};

packet_trace record(fit::lifetime how, std::vector<datagram> const& arrivals)
{
    fit::arrival_recorder recorder(how);
    for (auto const& each : arrivals) {
        recorder.add(each.at, each.size);
    }
    return recorder.finish();
}

/// "a100 r100 d": acquires and releases with their size, decays.
std::string text(packet_trace const& trace)
{
    std::string result;
    for (auto const& each : trace.records) {
        result += result.empty() ? "" : " ";
        switch (each.op) {
        case trace_record::operation::acquire:
            result += "a" + std::to_string(each.size);
            break;
        case trace_record::operation::release:
            result += "r" + std::to_string(each.size);
            break;
        case trace_record::operation::drop:
            result += "x" + std::to_string(each.size);
            break;
        case trace_record::operation::decay:
            result += "d";
            break;
        }
    }
    return result;
}

/// Each slot is acquired when empty and released when full, and no more of them than needed.
void check_slots(packet_trace const& trace)
{
    std::vector<bool> full(trace.slots);
    std::size_t now = 0;
    std::size_t most = 0;
    for (auto const& each : trace.records) {
        if (each.op == trace_record::operation::decay) {
            continue;
        }
        bool const acquires = each.op == trace_record::operation::acquire;
        REQUIRE(each.slot < trace.slots);
        REQUIRE(full[each.slot] != acquires);
        full[each.slot] = acquires;
        now = acquires ? now + 1 : now - 1;
        most = std::max(most, now);
    }
    CHECK(now == 0);
    CHECK(most == trace.slots);
}

using numbers = std::vector<std::size_t>;

numbers limits_of(packet_trace const& trace, numbers const& buckets, double percentile = 100)
{
    return fit::limits(std::span(&trace, 1), buckets, percentile);
}

} // namespace

TEST_CASE("arrivals: packets are kept for the hold time, and decays come once per window")
{
    fit::lifetime const how{.window = 1s, .hold = 300ms};
    auto const trace =
        record(how, {{100s, 1}, {100s + 200ms, 2}, {100s + 300ms, 3}, {101s, 4}, {101s + 1ms, 5}});
    // At equal times: releases, decays, acquires.
    CHECK(text(trace) == "a1 a2 r1 a3 r2 r3 d a4 a5 r4 r5");
    check_slots(trace);
    CHECK(limits_of(trace, {3, 5}) == numbers{2, 2});
}

TEST_CASE("arrivals: without a hold time packets are kept to the end of their window")
{
    fit::lifetime const how{.window = 1s, .hold = {}};
    auto const trace =
        record(how, {{5s, 1}, {5s + 999ms, 2}, {6s, 3}, {7s + 500ms, 4}, {7s + 600ms, 5}});
    CHECK(text(trace) == "a1 a2 r1 r2 d a3 r3 d a4 a5 r4 r5");
    check_slots(trace);
    CHECK(limits_of(trace, {9}) == numbers{2});
}

TEST_CASE("arrivals: a silence has its decays, of an hour at the most")
{
    auto const decays_of = [](std::chrono::nanoseconds silence) {
        auto const trace = record({.window = 1s, .hold = 1ms}, {{1s, 1}, {1s + silence, 2}});
        check_slots(trace);
        return std::ranges::count(trace.records, trace_record::operation::decay, &trace_record::op);
    };
    CHECK(decays_of(999ms) == 0);
    CHECK(decays_of(1s) == 1);
    CHECK(decays_of(3s + 1ms) == 3);
    CHECK(decays_of(3600s) == 3600);
    CHECK(decays_of(1h * 24 * 365 * 50) == 3601);
    // The windows that were not recorded do not come later.
    auto const trace =
        record({.window = 1s, .hold = 1ms}, {{1s, 1}, {48h, 2}, {48h + 1s, 3}, {48h + 2s, 4}});
    CHECK(text(trace).ends_with("d a2 r2 d a3 r3 d a4 r4"));
}

TEST_CASE("arrivals: times that go back")
{
    fit::lifetime const how{.window = 1s, .hold = 100ms};
    // A little: captured by several queues.
    CHECK(text(record(how, {{9s, 1}, {9s - 1ms, 2}, {9s + 99ms, 3}, {9s + 100ms, 4}})) ==
          "a1 a2 a3 r1 r2 a4 r3 r4");
    // The clock was set back: time goes on from there.
    CHECK(text(record(how, {{9s, 1}, {1s, 2}, {1s + 99ms, 3}, {1s + 100ms, 4}})) ==
          "a1 a2 a3 r1 r2 a4 r3 r4");
}

TEST_CASE("limits: the percentile of the windows with packets")
{
    std::vector<datagram> arrivals;
    for (int second = 0; second < 100; ++second) { // 1 to 100 packets of size 10, one of 20
        arrivals.push_back({.at = std::chrono::seconds(2 * second), .size = 20});
        arrivals.insert(arrivals.end(), static_cast<std::size_t>(second) + 1,
                        {.at = std::chrono::seconds(2 * second), .size = 10});
    }
    auto const trace = record({.window = 1s, .hold = {}}, arrivals);
    CHECK(limits_of(trace, {10, 20}, 100) == numbers{100, 1});
    CHECK(limits_of(trace, {10, 20}, 99) == numbers{99, 1});
    CHECK(limits_of(trace, {10, 20}, 50) == numbers{50, 1});
    CHECK(limits_of(trace, {10, 20}, 0) == numbers{1, 1});
    CHECK(limits_of(trace, {10, 20, 30}, 100) == numbers{100, 1, 1});

    std::vector const twice{trace, record({.window = 1s, .hold = {}}, {{1s, 10}})};
    CHECK(fit::limits(twice, numbers{20}, 100) == numbers{101});
    CHECK(fit::limits(twice, numbers{20}, 0) == numbers{1});
}

TEST_CASE("limits: what is outstanding over a decay counts in the next window; 65535 at the most")
{
    using enum trace_record::operation;
    packet_trace const trace{.slots = 2,
                             .records = {{.slot = 0, .size = 5, .op = acquire},
                                         {.slot = 1, .size = 5, .op = acquire},
                                         {.slot = 0, .size = 0, .op = decay},
                                         {.slot = 1, .size = 5, .op = drop},
                                         {.slot = 0, .size = 0, .op = decay},
                                         {.slot = 0, .size = 0, .op = decay},
                                         {.slot = 0, .size = 5, .op = release}}};
    CHECK(limits_of(trace, {5}, 100) == numbers{2});
    CHECK(limits_of(trace, {5}, 51) == numbers{2});
    CHECK(limits_of(trace, {5}, 50) == numbers{1});

    auto const many =
        record({.window = 1s, .hold = {}}, std::vector<datagram>(70000, {.at = 1s, .size = 1}));
    CHECK(limits_of(many, {1}) == numbers{65535});
}
