// Replays packet traces of real uTP transfers against pools, and prints the hits of each pool, its
// idle memory, and its time as a ratio to malloc in the same run.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "course.hpp"
#include "packet_trace.hpp"
#include "player.hpp"
#include "progress.hpp"

import pktpool;

namespace {

/// What ran in the transfer of a trace that comes with pktpool, and the hit rate of libtorrent's
/// own pool as it was recorded then. For the 100,000 records of a longer transfer none is known.
struct description {
    char const* trace;
    char const* text;
};
constexpr std::array descriptions{
    description{"churn_seeder",
                "200 connections come and go, 8 at a time; libtorrent's own hit rate was 39.4%"},
    description{"fanout_seeder_100k", "64 MiB to each of 8 peers, the first 100,000 records"},
    description{"lossy_leecher", "receives 32 MiB, 1% of the datagrams are lost, 20 ms each way; "
                                 "libtorrent's own hit rate was 39.1%"},
};

/// A program without a pool.
struct plain_malloc {
    using packet_ptr = pktpool::packet_ptr;

    static packet_ptr acquire(std::size_t size) { return pktpool::create_packet(size); }
    static void release(packet_ptr) noexcept {}
    static void decay() noexcept {}
};

/// The same as a pool: it keeps no idle packets.
struct no_buckets_kept {
    static constexpr std::array buckets{pktpool::bucket{.size = 1, .limit = 0}};
};

template <class Pool>
std::chrono::duration<double> time(packet_trace const& trace)
{
    player<Pool> with(trace);
    auto const begin = std::chrono::steady_clock::now();
    for (auto const& r : trace.records) {
        with.play(r);
    }
    return std::chrono::steady_clock::now() - begin;
}

struct contender {
    char const* name;
    counts (*count)(packet_trace const&);
    std::chrono::duration<double> (*time)(packet_trace const&);
};

template <class Buckets, class... Policies>
using pool_of = pktpool::basic_packet_pool<Buckets, pktpool::single_threaded, Policies...>;

/// The pool is timed without `counted`, and counted in another run.
template <class Buckets, class... Policies>
constexpr contender contender_of(char const* name)
{
    return {name, &count<pool_of<Buckets, Policies..., pktpool::counted>>,
            &time<pool_of<Buckets, Policies...>>};
}

constexpr std::array contenders{
    contender{"malloc", &count<pool_of<no_buckets_kept, pktpool::counted>>,
              &time<plain_malloc>}, // first, because the others are ratios to it
    contender_of<pktpool::libtorrent_buckets>("packet_pool"),
    contender_of<pktpool::libtorrent_buckets, pktpool::demand_tracked, pktpool::return_on_drop>(
        "adaptive"),
};

double median(std::vector<double> values)
{
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// All contenders in each round: each ratio is to malloc in the same round.
std::array<double, contenders.size()> ratios(packet_trace const& trace, int rounds,
                                             progress_bar& progress)
{
    std::array<std::vector<double>, contenders.size()> per_round;
    for (int round = 0; round < rounds; ++round) {
        double malloc_time = 0;
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            double const time = contenders[i].time(trace).count();
            malloc_time = i == 0 ? time : malloc_time;
            per_round[i].push_back(time / malloc_time);
        }
        progress.step();
    }
    std::array<double, contenders.size()> result{};
    std::ranges::transform(per_round, result.begin(), median);
    return result;
}

void print(std::string const& name, packet_trace const& trace,
           std::array<double, contenders.size()> const& times, bool with_statistics)
{
    for (std::size_t i = 0; i < contenders.size(); ++i) {
        auto const [acquires, hits, most_idle, sum, table] = contenders[i].count(trace);
        std::printf(
            "%-20s %-12s %9zu %9zu %9zu %8.1f%% %10.1f %9.2f\n", name.c_str(), contenders[i].name,
            acquires, hits, acquires - hits,
            acquires == 0 ? 0.0 : 100.0 * static_cast<double>(hits) / static_cast<double>(acquires),
            static_cast<double>(most_idle) / 1024, times[i]);
        if (with_statistics) {
            std::printf("\n%s\n", table.c_str());
        }
    }
}

std::vector<std::filesystem::path> shipped_traces()
{
    std::vector<std::filesystem::path> paths;
    for (auto const& entry : std::filesystem::directory_iterator(SHIPPED_TRACES)) {
        if (entry.path().extension() == ".trace") {
            paths.push_back(entry.path());
        }
    }
    std::ranges::sort(paths);
    return paths;
}

int run(std::vector<std::filesystem::path> const& paths, int rounds,
        std::filesystem::path const& course, bool with_statistics)
{
    // Reads all before the first replay, so a bad file is reported at once.
    std::vector<packet_trace> traces;
    std::ranges::transform(paths, std::back_inserter(traces), read_trace);

    std::printf("%-20s %-12s %9s %9s %9s %9s %10s %9s\n", "trace", "pool", "acquires", "hits",
                "misses", "hit rate", "KiB idle*", "time**");
    progress_bar progress(traces.size() * static_cast<std::size_t>(rounds));
    for (std::size_t i = 0; i < traces.size(); ++i) {
        auto const times = ratios(traces[i], rounds, progress);
        progress.clear();
        auto const name = paths[i].stem().string();
        print(name, traces[i], times, with_statistics);
        if (!course.empty()) {
            write_course(traces[i], name, course);
        }
    }
    std::printf(
        "\n *  the most that was ever idle, headers included\n"
        " ** per acquire, as a ratio to malloc in the same round; median of %d rounds\n\n"
        "packet_pool keeps ten idle packets per bucket, as libtorrent's own pool: the hits are "
        "the same.\n"
        "adaptive keeps as many as the traffic needs. A miss takes its memory from malloc.\n",
        rounds);
    for (auto const& [trace, text] : descriptions) {
        if (std::ranges::find(paths, trace, [](auto const& path) { return path.stem(); }) !=
            paths.end()) {
            std::printf("%s: %s\n", trace, text);
        }
    }
    return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv)
{
    try {
        CLI::App app("Replays packet traces of real uTP transfers against packet pools.\n"
                     "For each trace and pool: how many acquires the pool served from idle packets "
                     "(hits),\nhow much memory it kept idle for that, and its time as a ratio to "
                     "malloc.");
        std::vector<std::filesystem::path> paths;
        int rounds = 7;
        app.add_option("trace", paths, "Trace files; without any, the ones that come with pktpool");
        app.add_option("--rounds", rounds, "How often each pool is timed on each trace")
            ->check(CLI::Range(1, 1000))
            ->capture_default_str();
        std::filesystem::path course;
        app.add_option("--course", course,
                       "Folder for a plot and tables of idle and outstanding bytes over the course "
                       "of each trace; it is made if it is missing. The plot needs gnuplot");
        app.set_version_flag("--version", "replay of pktpool " PKTPOOL_VERSION);
        bool with_statistics = false;
        app.add_flag("--statistics", with_statistics, "What each pool counted, bucket by bucket");
        CLI11_PARSE(app, argc, argv);
        return run(paths.empty() ? shipped_traces() : paths, rounds, course, with_statistics);
    } catch (std::exception const& e) {
        std::fprintf(stderr, "replay: %s\n", e.what());
        return EXIT_FAILURE;
    }
}
