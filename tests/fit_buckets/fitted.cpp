// What fit_buckets printed when this was built, compiled as it stands and replayed: the real pools
// hit as often as fit_buckets said.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "arrivals.hpp"
#include "capture.hpp"
#include "packet_trace.hpp"
#include "player.hpp"

#include "fitted_to_capture.hpp"
#include "fitted_to_trace.hpp"

namespace {

using namespace std::chrono_literals;

struct printed {
    std::string buckets, loss, worst, fixed_limit, demand_tracked;
};

/// The row of a policy in what fit_buckets printed on stderr.
printed row_of(std::string const& name, std::filesystem::path const& report)
{
    std::ifstream in(report);
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        std::string first;
        if (words >> first && first == name) {
            printed row;
            REQUIRE((words >> row.buckets >> row.loss >> row.worst >> row.fixed_limit >>
                     row.demand_tracked));
            return row;
        }
    }
    FAIL("no row of " << name);
    return {};
}

std::string rate(counts const& of)
{
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f%%",
                  100 * static_cast<double>(of.hits) / static_cast<double>(of.acquires));
    return text.data();
}

template <class Buckets>
void check_replay(packet_trace const& trace, printed const& row)
{
    using fixed = pktpool::basic_packet_pool<Buckets, pktpool::single_threaded, pktpool::counted>;
    using adaptive = pktpool::basic_adaptive_packet_pool<Buckets, pktpool::counted>;
    CHECK(row.buckets == std::to_string(pktpool::bucket_count<Buckets>));
    CHECK(row.fixed_limit == rate(count<fixed>(trace)));
    CHECK(row.demand_tracked == rate(count<adaptive>(trace)));
}

packet_trace read_capture(char const* path)
{
    fit::capture_reader capture(path, "udp");
    fit::arrival_recorder recorder({.window = 1s, .hold = 50ms});
    while (auto const arrived = capture.next()) {
        recorder.add(arrived->at, arrived->datagram.size);
    }
    return recorder.finish();
}

} // namespace

TEST_CASE("fitted: the struct of a capture compiles, keeps its promises and hits as printed")
{
    using buckets = fitted_to_capture;
    auto const trace = read_capture(CAPTURE_FILE);
    check_replay<buckets>(trace, row_of("fitted_to_capture", CAPTURE_REPORT));
    static_assert(pktpool::bucket_count<buckets> == 4);
    static_assert(buckets::buckets.back().size == 1472);
    // The limits hold all that is outstanding: with return_on_drop or release, each packet that
    // comes back is kept, and fixed_limit misses only what it has never had or what decays free.
    CHECK(row_of("fitted_to_capture", CAPTURE_REPORT).fixed_limit >= "90");
}

TEST_CASE("fitted: the same of a packet trace")
{
    using buckets = fitted_to_trace;
    auto const trace = read_trace(std::string(SHIPPED_TRACES) + "/lossy_leecher.trace");
    check_replay<buckets>(trace, row_of("fitted_to_trace", TRACE_REPORT));
    for (auto const& each : buckets::buckets) {
        CHECK(each.size % 16 == 0);
    }
}
