// The environment that DPDK's mempool requires.
#pragma once

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include <rte_eal.h>

namespace bench {

/// Initialises the environment once per process, on ordinary pages.
inline void start_environment()
{
    static bool const started = [] {
        std::array<std::string, 8> words{
            "bench",          "--no-huge",         "--no-shconf", "--no-pci",
            "--no-telemetry", "--log-level=error", "-m",          "512"};
        std::array<char*, words.size()> args{};
        std::ranges::transform(words, args.begin(), [](std::string& word) { return word.data(); });
        if (rte_eal_init(static_cast<int>(args.size()), args.data()) < 0) {
            throw std::runtime_error("rte_eal_init failed");
        }
        return true;
    }();
    static_cast<void>(started);
}

} // namespace bench
