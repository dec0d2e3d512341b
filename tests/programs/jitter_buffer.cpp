// The order of packets from examples/rtp_receiver/jitter_buffer.hpp.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "jitter_buffer.hpp"

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

struct fake_packet {
    clock_type::time_point arrival{};
    int id = 0;
};

/// A buffer with a latency of 100 ms, a clock of the test, and the written packets.
class bench {
public:
    jitter_buffer<std::unique_ptr<fake_packet>> buffer{100ms};
    std::vector<int> written;
    clock_type::time_point now{1h};

    auto writer()
    {
        return [this](std::unique_ptr<fake_packet> const& p) { written.push_back(p->id); };
    }
    void push(int sequence)
    {
        auto p = std::make_unique<fake_packet>();
        p->id = sequence;
        buffer.push(std::move(p), static_cast<std::uint16_t>(sequence), now, writer());
    }
    void push(std::initializer_list<int> sequences)
    {
        std::ranges::for_each(sequences, [this](int each) { push(each); });
    }
    void pass(clock_type::duration time)
    {
        now += time;
        buffer.expire(now, writer());
    }
    /// Lets the latency of the first packet pass.
    void start(int sequence)
    {
        push(sequence);
        pass(100ms);
    }
};

std::vector<int> range(int from, int to)
{
    std::vector<int> result;
    for (; from < to; ++from) {
        result.push_back(from);
    }
    return result;
}

} // namespace

TEST_CASE("jitter buffer: packets in order are written at once")
{
    bench with;
    with.start(7);
    with.push({8, 9});
    CHECK(with.written == std::vector{7, 8, 9});
    CHECK(with.buffer.is_next(10));
    CHECK_FALSE(with.buffer.is_next(11));
    CHECK(with.buffer.counts().written == 3);
    CHECK(with.buffer.counts().missing == 0);
}

TEST_CASE("jitter buffer: the first packet may have overtaken others")
{
    bench with;
    with.push({9, 8, 7});
    with.pass(99ms);
    CHECK(with.written.empty());
    with.pass(1ms);
    CHECK(with.written == std::vector{7, 8, 9});
    CHECK(with.buffer.counts().missing == 0);
}

TEST_CASE("jitter buffer: a packet waits for those before it, at most for the latency")
{
    bench with;
    with.start(1);
    with.push({3, 5});
    with.pass(50ms);
    with.push(4);
    CHECK(with.written == std::vector{1});
    with.pass(49ms);
    CHECK(with.written == std::vector{1});
    SUBCASE("it arrives")
    {
        with.push(2);
        CHECK(with.written == std::vector{1, 2, 3, 4, 5});
        CHECK(with.buffer.counts().missing == 0);
    }
    SUBCASE("it arrives too late")
    {
        with.pass(1ms);
        CHECK(with.written == std::vector{1, 3, 4, 5});
        with.push(2);
        CHECK(with.written == std::vector{1, 3, 4, 5});
        CHECK(with.buffer.counts().missing == 1);
        CHECK(with.buffer.counts().late == 1);
        CHECK(with.buffer.counts().duplicates == 0);
    }
}

TEST_CASE("jitter buffer: a packet behind two gaps skips both after the latency")
{
    bench with;
    with.start(1);
    with.push(5);
    with.pass(60ms);
    with.push(3);
    with.pass(40ms);
    CHECK(with.written == std::vector{1, 3, 5});
    CHECK(with.buffer.counts().missing == 2);
}

TEST_CASE("jitter buffer: duplicates of held and of written packets are dropped")
{
    bench with;
    with.start(1);
    with.push({3, 3, 1, 2, 2, 3});
    CHECK(with.written == std::vector{1, 2, 3});
    CHECK(with.buffer.counts().duplicates == 4);
    CHECK(with.buffer.counts().late == 0);
}

TEST_CASE("jitter buffer: the sequence wraps around")
{
    bench with;
    with.start(65534);
    with.push({0, 65535, 2, 1, 65535});
    CHECK(with.written == std::vector{65534, 65535, 0, 1, 2});
    CHECK(with.buffer.counts().duplicates == 1);
    CHECK(with.buffer.counts().restarts == 0);
}

TEST_CASE("jitter buffer: a packet beyond the window writes the oldest ones")
{
    bench with;
    with.start(0);
    for (auto const each : range(2, 513)) {
        with.push(each);
    }
    CHECK(with.written == std::vector{0});
    with.push(513);
    CHECK(with.buffer.counts().missing == 1);
    CHECK(with.written.size() == 513);
    with.push(513 + 2999);
    with.pass(100ms);
    CHECK(with.written.back() == 513 + 2999);
    CHECK(with.buffer.counts().missing == 1 + 2998);
    CHECK(with.buffer.counts().restarts == 0);
}

TEST_CASE("jitter buffer: a jump of the sequence starts a new one")
{
    for (int const to : {10'000, 40'000, 65'000 - 512, 3002}) {
        CAPTURE(to);
        bench with;
        with.start(0);
        with.push({2, to, to + 1, to + 2});
        with.pass(100ms);
        CHECK(with.written == std::vector{0, 2, to + 1, to + 2});
        CHECK(with.buffer.counts().late == 1);
        CHECK(with.buffer.counts().restarts == 1);
        CHECK(with.buffer.counts().missing == 1);
    }
}

TEST_CASE("jitter buffer: a single packet that is far off, or very late, changes nothing")
{
    bench with;
    with.start(9000);
    for (int const each : range(9001, 10'000)) {
        with.push(each);
    }
    with.push({9399, 10'000, 9399, 10'001, 9400, 40'000, 40'000, 10'002});
    CHECK(with.written == range(9000, 10'003));
    CHECK(with.buffer.counts().late == 5);
    CHECK(with.buffer.counts().restarts == 0);
    CHECK(with.buffer.counts().missing == 0);
}

TEST_CASE("jitter buffer: a flush writes all held packets, and ends the stream")
{
    bench with;
    with.start(1);
    with.push({3, 6});
    with.buffer.flush(with.writer());
    CHECK(with.written == std::vector{1, 3, 6});
    CHECK(with.buffer.counts().missing == 3);
    with.start(1);
    CHECK(with.written == std::vector{1, 3, 6, 1});
    CHECK(with.buffer.counts().restarts == 0);
}

TEST_CASE("jitter buffer: a new stream does not know the packets of the last one")
{
    bench with;
    with.start(1000);
    for (int const each : range(1001, 1600)) {
        with.push(each);
    }
    with.buffer.flush(with.writer());
    with.start(10000);
    with.push(9900);
    CHECK(with.buffer.counts().late == 1);
    CHECK(with.buffer.counts().duplicates == 0);
}

TEST_CASE("jitter buffer: a stream with reordered, missing and duplicate packets")
{
    for (unsigned seed = 0; seed < 50; ++seed) {
        std::mt19937 random(seed);
        bench with;
        std::vector<int> expected;
        std::vector<std::pair<unsigned, int>> sent; // time, number
        unsigned long long doubled = 0;
        for (auto const each : range(65000, 67000)) {
            bool const at_an_end = each == 65000 || each == 66999;
            if (!at_an_end && random() % 10 == 0) {
                continue;
            }
            expected.push_back(each % 65536);
            auto const when = static_cast<unsigned>(each) + static_cast<unsigned>(random() % 32);
            sent.emplace_back(at_an_end ? static_cast<unsigned>(each) : when, each % 65536);
            if (random() % 10 == 0) {
                sent.emplace_back(when + random() % 32, each % 65536);
                ++doubled;
            }
        }
        std::ranges::sort(sent);
        for (auto const& [when, each] : sent) {
            with.push(each);
            with.pass(1ms);
        }
        with.buffer.flush(with.writer());
        REQUIRE(with.written == expected);
        auto const& counts = with.buffer.counts();
        REQUIRE(counts.missing == 2000 - expected.size());
        REQUIRE(counts.duplicates == doubled);
        REQUIRE(counts.late == 0);
        REQUIRE(counts.restarts == 0);
    }
}

TEST_CASE("jitter buffer: any sequence of numbers")
{
    for (unsigned seed = 0; seed < 4; ++seed) {
        std::mt19937 random(seed);
        bench with;
        unsigned near = 0;
        constexpr unsigned pushed = 25'000;
        for (unsigned i = 0; i < pushed; ++i) {
            near += static_cast<unsigned>(random() % 100 == 0 ? random() : random() % 8);
            with.push(static_cast<int>(near % 65536));
            with.pass(std::chrono::milliseconds(random() % 4));
            auto const& counts = with.buffer.counts();
            REQUIRE(counts.written + counts.late + counts.duplicates + with.buffer.window >= i + 1);
        }
        with.buffer.flush(with.writer());
        auto const& counts = with.buffer.counts();
        CHECK(counts.written + counts.late + counts.duplicates == pushed);
        CHECK(counts.written == with.written.size());
        CHECK(counts.restarts > 100);
    }
}
