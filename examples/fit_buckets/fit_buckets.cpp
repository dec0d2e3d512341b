// From captured traffic to a bucket policy: finds the buckets that lose the fewest bytes and the
// limits that the traffic needs, and prints them as a struct.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "arrivals.hpp"
#include "capture.hpp"
#include "layouts.hpp"
#include "limits.hpp"
#include "optimal_buckets.hpp"
#include "packet_trace.hpp"
#include "plot.hpp"
#include "policy_text.hpp"
#include "progress.hpp"
#include "sizes.hpp"

namespace {

constexpr std::size_t most_buckets = 255; // a packet stores the index of its bucket in a byte

struct settings {
    std::vector<std::filesystem::path> files;
    std::string filter;
    std::optional<std::size_t> buckets;
    double loss = 5; ///< percent
    fit::bucket_rules rules;
    double window = 1; ///< seconds
    std::optional<double> hold;
    double percentile = 100;
    std::string name = "fitted_buckets";
    std::filesystem::path plot;
};

struct traffic {
    std::vector<packet_trace> traces;
    fit::size_counts sizes;
    bool ipv4 = false;
    bool ipv6 = false;
};

/// The options of the traffic are for captures alone.
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

bool is_trace(std::filesystem::path const& file)
{
    constexpr std::string_view magic = "PKTTRACE";
    std::array<char, magic.size()> begin{};
    std::ifstream in(file, std::ios::binary);
    return in.read(begin.data(), begin.size()) &&
           std::string_view(begin.data(), begin.size()) == magic;
}

std::chrono::nanoseconds to_nanoseconds(double seconds)
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(seconds));
}

void read_trace_file(std::filesystem::path const& file, settings const& with, traffic& into)
{
    if (!with.filter.empty() || with.hold) {
        throw usage_error(file.string() +
                          ": a packet trace has no addresses and no times for --filter and --hold");
    }
    into.traces.push_back(read_trace(file));
    into.sizes.add(into.traces.back());
    into.ipv4 = true;
}

/// Why a capture is of no use.
std::string why_empty(fit::frame_counts const& counts, settings const& with)
{
    if (counts.all() > 0) {
        return "no UDP datagram in " + std::to_string(counts.all()) + " frames: " + counts.unused();
    }
    return with.filter.empty() ? "it holds no frame"
                               : "no frame matches the filter \"" + with.filter + "\"";
}

void report(std::string const& name, fit::capture_reader const& capture, double seconds)
{
    auto const& counts = capture.counts();
    auto const unused = counts.unused();
    std::fprintf(stderr,
                 "%s: %zu datagrams in %zu frames%s%s; %.1f million frames per second of "
                 "processor time\n",
                 name.c_str(), counts.udp, counts.all(),
                 unused.empty() ? "" : "; not used: ", unused.c_str(),
                 static_cast<double>(counts.all()) / seconds / 1e6);
}

void read_capture(std::filesystem::path const& file, settings const& with, traffic& into)
{
    constexpr std::size_t megabyte = 1U << 20U;
    constexpr std::size_t between_steps = 4096; // datagrams
    auto const begin = std::clock();
    fit::capture_reader capture(file, with.filter);
    fit::arrival_recorder recorder(
        {.window = to_nanoseconds(with.window),
         .hold = with.hold ? std::optional(to_nanoseconds(*with.hold)) : std::nullopt});
    progress_bar progress(std::filesystem::file_size(file) / megabyte + 1);
    std::size_t megabytes = 0;
    while (auto const arrived = capture.next()) {
        recorder.add(arrived->at, arrived->datagram.size);
        (arrived->datagram.ipv6 ? into.ipv6 : into.ipv4) = true;
        if (capture.counts().udp % between_steps == 0) {
            for (; megabytes < capture.position() / megabyte; ++megabytes) {
                progress.step();
            }
        }
    }
    progress.clear();
    auto const name = file.string();
    if (capture.counts().udp == 0) {
        throw fit::capture_error(
            name + ": " +
            (capture.damage().empty() ? why_empty(capture.counts(), with) : capture.damage()));
    }
    if (!capture.damage().empty()) {
        std::fprintf(stderr, "%s: warning: read up to datagram %zu only: %s\n", name.c_str(),
                     capture.counts().udp, capture.damage().c_str());
    }
    into.traces.push_back(recorder.finish());
    into.sizes.add(into.traces.back());
    report(name, capture, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
}

traffic read_traffic(settings const& with)
{
    traffic result;
    for (auto const& file : with.files) {
        if (is_trace(file)) {
            read_trace_file(file, with, result);
        } else {
            read_capture(file, with, result);
        }
    }
    if (result.sizes.packets() == 0) {
        throw trace_error(with.files.front().string() + ": the trace acquires no packet");
    }
    return result;
}

std::vector<std::size_t> find_buckets(settings const& with, fit::size_counts const& sizes)
{
    fit::optimal_buckets best(sizes, with.rules);
    if (with.buckets) {
        for (std::size_t i = 1; i < *with.buckets && best.add_bucket(); ++i) {}
        return best.buckets();
    }
    while (100 * best.lost().share() > with.loss) {
        if (best.buckets().size() == most_buckets || !best.add_bucket()) {
            std::array<char, 128> text{};
            std::snprintf(text.data(), text.size(), "--loss %g%%: the best %zu buckets lose %.2f%%",
                          with.loss, best.buckets().size(), 100 * best.lost().share());
            throw usage_error(text.data());
        }
    }
    return best.buckets();
}

std::string describe_limits(settings const& with)
{
    std::array<char, 128> text{};
    if (with.percentile < 100) {
        std::snprintf(
            text.data(), text.size(),
            "in %g%% of the windows between two decays, not more packets were outstanding",
            with.percentile);
    } else {
        std::snprintf(text.data(), text.size(), "the most packets that were outstanding at once");
    }
    return text.data();
}

double percent(std::uint64_t part, std::uint64_t all)
{
    return 100 * static_cast<double>(part) / static_cast<double>(all);
}

void print_comparison(std::vector<fit::layout> const& layouts, traffic const& on)
{
    std::fprintf(stderr, "\n%-30s %7s %7s %11s %12s %15s\n", "", "buckets", "loss*", "worst loss*",
                 "fixed_limit**", "demand_tracked**");
    for (auto const& each : layouts) {
        auto const hits = fit::count_hits(on.traces, each);
        std::fprintf(stderr, "%-30s %7zu %6.1f%% %11zu %12.1f%% %15.1f%%\n", each.name.c_str(),
                     each.buckets.size(), 100 * fit::loss_of(each.buckets, on.sizes).share(),
                     fit::worst_loss(each.buckets, on.sizes.least(), on.sizes.most()),
                     percent(hits.fixed_limit, hits.acquires),
                     percent(hits.demand_tracked, hits.acquires));
    }
    std::fprintf(
        stderr, "\n *  capacity that this traffic leaves unused, and the most bytes of one packet\n"
                " ** acquires that a pool with this retention policy serves from idle packets;\n"
                "    a packet above the largest bucket has its exact size and is never kept\n");
}

int run(settings const& with)
{
    auto const observed = read_traffic(with);
    auto const buckets = find_buckets(with, observed.sizes);
    auto const limits = fit::limits(observed.traces, buckets, with.percentile);
    if (std::ranges::max(limits) == fit::largest_limit) {
        std::fprintf(stderr, "warning: a limit is cut to %zu, the most that a bucket can have\n",
                     fit::largest_limit);
    }
    auto layouts = fit::known_layouts(observed.ipv4, observed.ipv6);
    layouts.insert(layouts.begin(), {.name = with.name, .buckets = buckets, .limits = limits});
    print_comparison(layouts, observed);
    std::fputs(fit::to_text({.name = with.name,
                             .buckets = buckets,
                             .limits = limits,
                             .most = with.rules.at_least,
                             .limits_are = describe_limits(with)},
                            observed.sizes)
                   .c_str(),
               stdout);
    if (!with.plot.empty()) {
        fit::plot(with.plot, observed.sizes, buckets);
    }
    return EXIT_SUCCESS;
}

/// Takes "5%" for 5.
std::string without_percent_sign(std::string& text)
{
    if (text.ends_with('%')) {
        text.pop_back();
    }
    return {};
}

void add_options(CLI::App& app, settings& with)
{
    app.add_option("file", with.files, "Captures (pcap, pcapng), or packet traces (PKTTRACE)")
        ->required();
    app.add_option("--filter", with.filter,
                   "Only frames that match, as with tcpdump: 'udp port 5683'");
    auto* const buckets =
        app.add_option("--buckets", with.buckets, "Number of buckets, at the most")
            ->check(CLI::Range(std::size_t{1}, most_buckets));
    CLI::Validator const percent_sign(without_percent_sign, "");
    app.add_option("--loss", with.loss,
                   "Without --buckets: the fewest that leave at most so many percent of the "
                   "capacity unused")
        ->check(CLI::Range(0.0, 100.0))
        ->transform(percent_sign)
        ->excludes(buckets)
        ->capture_default_str();
    app.add_option("--align", with.rules.align, "Sizes of buckets are multiples of so many bytes")
        ->check(CLI::Range(std::size_t{1}, fit::largest_size))
        ->capture_default_str();
    app.add_option("--at-least", with.rules.at_least,
                   "Bytes of the largest datagram that the protocol may send, for the last bucket")
        ->check(CLI::Range(std::size_t{0}, fit::largest_size));
    std::map<std::string, double> const units{{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"min", 60}};
    CLI::AsNumberWithUnit const time(units, CLI::AsNumberWithUnit::UNIT_REQUIRED);
    app.add_option("--window", with.window, "Time between two decays, for example 1s")
        ->check(CLI::Range(1e-6, 86400.0))
        ->transform(time)
        ->default_str("1s");
    app.add_option(
           "--hold", with.hold,
           "How long the protocol keeps a packet, for example 50ms; else to the end of its window")
        ->check(CLI::Range(1e-6, 86400.0))
        ->transform(time);
    app.add_option("--percentile", with.percentile,
                   "Percent of the windows for which the limits are enough, for example 99")
        ->check(CLI::Range(0.0, 100.0))
        ->transform(percent_sign)
        ->capture_default_str();
    app.add_option("--name", with.name, "Name of the struct")
        ->check([](std::string const& name) {
            return fit::is_identifier(name) ? "" : name + " is no identifier of C++";
        })
        ->capture_default_str();
    app.add_option("--plot", with.plot, "SVG file for a histogram of the sizes, by gnuplot");
}

} // namespace

int main(int argc, char** argv)
{
    try {
        CLI::App app("Finds the bucket policy that loses the fewest bytes on captured UDP traffic, "
                     "and prints it as a struct.\nThe struct goes to stdout; what the presets of "
                     "pktpool would lose, and messages, go to stderr.");
        settings with;
        add_options(app, with);
        CLI11_PARSE(app, argc, argv);
        return run(with);
    } catch (std::exception const& e) {
        std::fprintf(stderr, "fit_buckets: %s\n", e.what());
        return EXIT_FAILURE;
    }
}
