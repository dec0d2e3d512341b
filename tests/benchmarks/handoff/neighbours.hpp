// How far two processors are from each other.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

#include "threads.hpp"
#include "wait.hpp"

namespace bench {

/// Nanoseconds until a change of a cache line has been seen on the other processor and answered.
/// On a virtual machine they vary: its processors are threads of one core at one time, and cores
/// apart at another.
template <handoff_memory M>
double round_trip()
{
    using clock = std::chrono::steady_clock;
    constexpr unsigned tries = 200;
    constexpr unsigned turns = 100;
    alignas(128) std::atomic<unsigned> line = 0;
    auto best = std::numeric_limits<double>::max();
    auto const answer = [&line](unsigned to, patience& patience) {
        while (line.load(std::memory_order_acquire) != to) {
            patience.wait();
        }
        line.store(to + 1, std::memory_order_release);
    };
    on_threads<M>({[&] {
                       patience patience;
                       for (unsigned i = 0; i < tries; ++i) {
                           auto const begin = clock::now();
                           for (unsigned turn = 0; turn < turns; ++turn) {
                               answer(2 * (i * turns + turn), patience);
                           }
                           std::chrono::duration<double, std::nano> const spent =
                               clock::now() - begin;
                           best = std::min(best, spent.count() / turns);
                       }
                   },
                   [&] {
                       patience patience;
                       for (unsigned turn = 0; turn < tries * turns; ++turn) {
                           answer(2 * turn + 1, patience);
                       }
                   }});
    return best;
}

} // namespace bench
