// One thread acquires and releases in bulks, after the description of DPDK's mempool_perf test.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "pipe.hpp"

namespace bench {

template <handoff_memory M>
[[gnu::noinline]] void acquire_then_release(M& memory, std::span<typename M::handle> kept,
                                            std::size_t bulk, std::size_t repetitions)
{
    constexpr auto size = handoff_capacities.back();
    for (; repetitions > 0; --repetitions) {
        for (std::size_t i = 0; i < kept.size(); i += bulk) {
            auto const batch = kept.subspan(i, bulk);
            memory.acquire(size, batch);
            for (auto const& p : batch) {
                write_header(M::data(p), size);
            }
        }
        for (std::size_t i = 0; i < kept.size(); i += bulk) {
            memory.release(kept.subspan(i, bulk));
        }
    }
}

/// Nanoseconds per packet: keeps `n_keep` packets, then gives all of them back.
template <handoff_memory M>
double bulks(double seconds, std::size_t bulk, std::size_t n_keep)
{
    M memory(extent{.packets = n_keep, .threads = 1});
    std::vector<typename M::handle> kept(n_keep / bulk * bulk);
    double result = 0;
    on_threads<M>({[&] {
        result = measure(effort{.seconds = seconds}, kept.size(), [&](std::size_t repetitions) {
            acquire_then_release(memory, std::span(kept), bulk, repetitions);
        });
    }});
    return result;
}

} // namespace bench
