// The threads of a run.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <sched.h>

#include "memory.hpp"
#include "processor_use.hpp"

namespace bench {

/// Thread n to processor n, so that threads 1 and 2 never run on the same one. With one processor
/// nothing is pinned.
inline void pin(std::size_t thread)
{
    auto const& all = processors();
    if (all.size() < 2) {
        return;
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(all[(thread - 1) % all.size()], &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0) {
        throw std::runtime_error("thread " + std::to_string(thread) + " cannot be pinned");
    }
}

/// Runs each function on a thread of its own, pinned, with the numbers 1, 2, .... All start at the
/// same time.
template <handoff_memory M>
void on_threads(std::vector<std::function<void()>> const& work)
{
    std::latch all_are_there(static_cast<std::ptrdiff_t>(work.size()));
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < work.size(); ++i) {
        threads.emplace_back([&all_are_there, &own = work[i], number = i + 1]() noexcept {
            thread_number = number;
            pin(number);
            [[maybe_unused]] typename M::membership const membership;
            all_are_there.arrive_and_wait();
            own();
        });
    }
}

} // namespace bench
