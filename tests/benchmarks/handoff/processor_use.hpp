// Whether the threads of this program had their processors for themselves.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include <sched.h>
#include <sys/resource.h>

namespace bench {

/// The processors that this process may use. The first call has to come before a library pins the
/// main thread.
inline std::vector<std::size_t> const& processors()
{
    static std::vector<std::size_t> const all = [] {
        cpu_set_t set;
        CPU_ZERO(&set);
        std::vector<std::size_t> found;
        if (sched_getaffinity(0, sizeof(set), &set) == 0) {
            for (std::size_t i = 0; i < CPU_SETSIZE; ++i) {
                if (CPU_ISSET(i, &set)) {
                    found.push_back(i);
                }
            }
        }
        return found;
    }();
    return all;
}

/// What this process has used so far.
struct processor_use {
    std::chrono::steady_clock::time_point at;
    std::chrono::duration<double> time{}; ///< of all threads
    long preemptions = 0;                 ///< also switches between its own threads

    static processor_use now()
    {
        auto const seconds = [](timeval const& time) {
            return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
        };
        rusage use{};
        getrusage(RUSAGE_SELF, &use);
        return {.at = std::chrono::steady_clock::now(),
                .time = seconds(use.ru_utime) + seconds(use.ru_stime),
                .preemptions = use.ru_nivcsw};
    }

    /// Whether no other program took a processor away: no thread was preempted, or all `busy`
    /// processors were used nearly all the time. Threads that wait for a mutex sleep, so the second
    /// alone is not enough; threads that share a processor are preempted, so neither is the first.
    [[nodiscard]] bool undisturbed_since(processor_use const& before, std::size_t busy) const
    {
        constexpr double nearly_all = 0.9;
        std::chrono::duration<double> const elapsed = at - before.at;
        return preemptions == before.preemptions ||
               time - before.time > nearly_all * static_cast<double>(busy) * elapsed;
    }
};

} // namespace bench
