#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "packet_trace.hpp"
#include "player.hpp"

import pktpool;

namespace {

using plain_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                                              pktpool::counted>;
using adaptive_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::demand_tracked, pktpool::return_on_drop, pktpool::counted>;

struct expectation {
    char const* name;
    std::size_t acquires;
    std::size_t libtorrent_hits; ///< measured in the transfer itself
    std::size_t adaptive_hits;
    std::size_t adaptive_idle_bytes; ///< average over the records, headers included
    std::size_t most_idle_bytes;     ///< upper bound for the adaptive pool
};

constexpr std::array shipped{
    expectation{"churn_seeder", 14675, 5788, 14330, 121884, 130 * 1024},
    expectation{"lossy_leecher", 11322, 4426, 9729, 125682, 150 * 1024},
    expectation{"fanout_seeder_100k", 50010, 16719, 49798, 173885, 1650 * 1024},
};

constexpr std::array full{
    expectation{"bulk_seeder", 211794, 127311, 211100, 195052, 200 * 1024},
    expectation{"churn_seeder", 14675, 5788, 14330, 121884, 130 * 1024},
    expectation{"fanout_seeder", 406779, 48143, 403520, 1592621, 1650 * 1024},
    expectation{"lossy_leecher", 11322, 4426, 9729, 125682, 150 * 1024},
    expectation{"overrun_seeder", 186848, 30762, 185338, 181240, 190 * 1024},
    expectation{"shaped_leecher", 181743, 15569, 181487, 45993, 60 * 1024},
};

counts check_figures(std::filesystem::path const& folder, auto const& expectations)
{
    counts sum;
    for (auto const& expected : expectations) {
        CAPTURE(expected.name);
        auto const trace = read_trace(folder / (std::string(expected.name) + ".trace"));
        auto const plain = count<plain_pool>(trace);
        CHECK(plain.acquires == expected.acquires);
        CHECK(plain.hits == expected.libtorrent_hits);

        auto const adaptive = count<adaptive_pool>(trace);
        CHECK(adaptive.acquires == expected.acquires);
        CHECK(adaptive.hits == expected.adaptive_hits);
        auto const idle_bytes = adaptive.sum_idle_bytes / trace.records.size();
        CHECK(idle_bytes == expected.adaptive_idle_bytes);
        CHECK(idle_bytes <= expected.most_idle_bytes);
        sum.acquires += adaptive.acquires;
        sum.hits += adaptive.hits;
    }
    return sum;
}

std::vector<std::byte> bytes(std::string const& text)
{
    std::vector<std::byte> result(text.size());
    std::ranges::transform(text, result.begin(), [](char c) { return static_cast<std::byte>(c); });
    return result;
}

std::string u32(std::uint32_t value)
{
    std::string text;
    for (int i = 0; i < 4; ++i) {
        text += static_cast<char>(value >> (8 * i) & 0xff);
    }
    return text;
}

std::string record(std::uint32_t slot, int operation, char last = '\0')
{
    return u32(slot) + std::string(2, '\1') + static_cast<char>(operation) + last;
}

std::string file(std::uint32_t version, std::uint32_t count, std::uint32_t slots,
                 std::string const& records, std::uint32_t reserved = 0)
{
    return "PKTTRACE" + u32(version) + u32(count) + u32(slots) + u32(reserved) + records;
}

} // namespace

TEST_CASE("traces: the default pool has libtorrent's hits, the adaptive pool the expected ones")
{
    check_figures(SHIPPED_TRACES, shipped);
    // The complete set is 16 MB and not part of pktpool.
    if (char const* const folder = std::getenv("PKTPOOL_TRACES")) {
        auto const sum = check_figures(folder, full);
        CHECK(1000 * sum.hits >= 992 * sum.acquires);
    } else {
        MESSAGE("set PKTPOOL_TRACES to a folder with the six full traces to replay them, too");
    }
}

TEST_CASE("traces: a malformed file is refused with one line that says what and where")
{
    auto const acquire0 = record(0, 0);
    for (auto const& [text, why] : std::vector<std::pair<std::string, char const*>>{
             {"", "the file is empty"},
             {"PKT", "cut short: 3 bytes"},
             {"PNG", "does not begin with PKTTRACE"},
             {"NOTATRACE, AND LONGER THAN A HEADER", "does not begin with PKTTRACE"},
             {file(1, 0, 0, "").substr(0, 23), "cut short: 23 bytes"},
             {file(2, 0, 0, ""), "version 2, and only 1 is known"},
             {file(1, 0, 0, "", 1), "bytes 20 to 23 of the header are 1, and must be 0"},
             {file(1, 0, 0, "", 0x80000000), "bytes 20 to 23 of the header are 2147483648"},
             {file(1, 2, 1, acquire0), "cut short after record 1 of 2"},
             {file(1, 1, 1, acquire0.substr(0, 7)), "cut short after record 0 of 1"},
             {file(1, 0xffffffff, 1, acquire0), "cut short after record 1 of 4294967295"},
             {file(1, 1, 1, acquire0 + acquire0), "bytes follow record 1 of 1"},
             {file(1, 1, 0xffffffff, acquire0), "4294967295 slots for 1 records"},
             {file(1, 1, 1, record(1, 0)), "record 0: slot out of range"},
             {file(1, 2, 1, acquire0 + acquire0), "record 1: acquire into a slot that is full"},
             {file(1, 1, 1, record(0, 1)), "record 0: release or drop of an empty slot"},
             {file(1, 1, 1, record(0, 2)), "record 0: release or drop of an empty slot"},
             {file(1, 1, 1, record(0, 4)), "record 0: unknown operation"},
             {file(1, 1, 1, record(0, 0, '\1')), "record 0: its last byte is not 0"},
             {file(1, 2, 1, acquire0 + record(0, 1, '\x80')), "record 1: its last byte is not 0"},
             {file(1, 1, 0, record(0, 3, '\1')), "record 0: its last byte is not 0"},
         }) {
        CAPTURE(why);
        CHECK_THROWS_WITH_AS(static_cast<void>(parse_trace(bytes(text))), doctest::Contains(why),
                             trace_error);
    }
    CHECK_THROWS_WITH_AS(static_cast<void>(read_trace("no_such.trace")),
                         "no_such.trace: cannot be read as a file", trace_error);
    CHECK_THROWS_AS(static_cast<void>(read_trace(std::filesystem::temp_directory_path())),
                    trace_error);
}

TEST_CASE("traces: a well-formed file is read")
{
    auto const trace = parse_trace(
        bytes(file(1, 4, 2, record(1, 0) + record(7, 3) + record(1, 2) + record(1, 0))));
    REQUIRE(trace.records.size() == 4);
    CHECK(trace.slots == 2);
    CHECK(trace.records[0].slot == 1);
    CHECK(trace.records[0].size == 0x0101);
    CHECK(trace.records[1].op == trace_record::operation::decay);
    CHECK(trace.records[3].op == trace_record::operation::acquire);
}

TEST_CASE("traces: a trace without packets, empty or only of decays, is replayed")
{
    for (auto const& text : {file(1, 0, 0, ""), file(1, 1, 0, record(0, 3))}) {
        auto const trace = parse_trace(bytes(text));
        CHECK(count<plain_pool>(trace).acquires == 0);
        CHECK(count<adaptive_pool>(trace).acquires == 0);
    }
}
