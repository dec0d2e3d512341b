// Runs one handoff workload on one memory; prints the nanoseconds per packet on stdout.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "bulks.hpp"
#include "larson.hpp"
#include "memory.hpp"
#include "message_passing.hpp"
#include "neighbours.hpp"
#include "pipe.hpp"
#include "processor_use.hpp"

namespace bench {

inline constexpr auto handoff_usage = "usage: SECONDS then one of\n"
                                      "  spans PACKETS UNDER_WAY\n"
                                      "  drops UNDER_WAY\n"
                                      "  msgpass SIZE PRODUCERS PROXIES CONSUMERS\n"
                                      "  xmalloc SIZE\n"
                                      "  larson THREADS\n"
                                      "  bulks PACKETS N_KEEP";

template <handoff_memory M>
double handoff(double seconds, std::string const& name, std::vector<std::size_t> const& args)
{
    auto const is = [&](char const* workload, std::size_t numbers) {
        return name == workload && args.size() == numbers;
    };
    if (is("spans", 2) && args[0] <= most_in_batch) {
        return hand_over<M>(seconds, {.span = args[0], .under_way = args[1]});
    }
    if (is("drops", 1)) {
        return hand_over<M>(seconds, {.under_way = args[0], .drops_singly = true});
    }
    if (is("xmalloc", 1)) {
        return hand_over<M>(seconds, {.size = args[0],
                                      .span = most_in_batch,
                                      .under_way = 4 * most_in_batch,
                                      .acquires_singly = true});
    }
    if (is("bulks", 2) && args[0] <= most_in_batch) {
        return bulks<M>(seconds, args[0], args[1]);
    }
    if constexpr (!M::keeps_order) {
        if (is("msgpass", 4)) {
            exchange<M> run(
                seconds,
                {.size = args[0], .producers = args[1], .proxies = args[2], .consumers = args[3]});
            return run.ns_per_packet();
        }
        if (is("larson", 1)) {
            larson<M> run(seconds, args[0]);
            return run.ns_per_packet();
        }
    }
    throw std::invalid_argument(handoff_usage);
}

/// `bench_handoff_MEMORY SECONDS WORKLOAD NUMBER...`
template <handoff_memory M>
int run_handoff(int argc, char** argv)
try {
    std::vector<std::string> const args(argv + 1, argv + argc);
    if (args.size() < 2) {
        throw std::invalid_argument(handoff_usage);
    }
    std::vector<std::size_t> numbers;
    std::transform(args.begin() + 2, args.end(), std::back_inserter(numbers),
                   [](std::string const& arg) { return std::max(1UL, std::stoul(arg)); });
    static_cast<void>(processors());
    keep_freed_memory();
    double const before = round_trip<M>();
    double const ns = handoff<M>(std::stod(args[0]), args[1], numbers);
    std::printf("%.4f %.1f %.1f\n", ns, before, round_trip<M>());
    return 0;
} catch (std::exception const& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 2;
}

} // namespace bench
