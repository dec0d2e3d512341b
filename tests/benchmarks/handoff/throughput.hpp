// Measures how long a run of several threads takes per packet.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <vector>

#include "processor_use.hpp"

namespace bench {

/// Some threads count the packets that they have handled. The first of them also looks at the
/// clock, and ends the run. The result is the median over short slices in which no other program
/// took a processor away; if there were only a few such slices, over all.
class throughput {
    using nanoseconds = std::chrono::duration<double, std::nano>;

public:
    /// `threads` run, `counting` of them count.
    throughput(double seconds, std::size_t threads, std::size_t counting)
        : counters_(counting), busy_(std::min(threads, processors().size())), seconds_(seconds)
    {
    }

    [[nodiscard]] bool is_over() const { return is_over_.load(std::memory_order_relaxed); }

    /// Counting thread number `thread` has handled so many packets more.
    void add(std::size_t thread, std::size_t packets)
    {
        auto& own = counters_[thread];
        own.total.store(own.total.load(std::memory_order_relaxed) + packets,
                        std::memory_order_relaxed);
        own.unseen += packets;
        if (own.unseen >= packets_between_looks) {
            own.unseen = 0;
            if (thread == 0) {
                look();
            }
        }
    }

    /// After the run, and elapsed time: the threads run side by side.
    [[nodiscard]] double ns_per_packet()
    {
        auto& slices = undisturbed_.size() >= enough ? undisturbed_ : slices_;
        auto const middle = slices.begin() + static_cast<std::ptrdiff_t>(slices.size() / 2);
        std::ranges::nth_element(slices, middle);
        return *middle;
    }

private:
    // So many that the clock costs nothing in comparison.
    static constexpr std::size_t packets_between_looks = 1024;
    static constexpr std::chrono::microseconds shortest_slice{250};
    static constexpr std::size_t enough = 9; // slices
    static constexpr double patience = 4;    // times `seconds`, for these

    struct alignas(128) counter { // two cache lines, which may be fetched together
        std::atomic<std::size_t> total = 0;
        std::size_t unseen = 0;
    };

    void look()
    {
        if (std::chrono::steady_clock::now() - slice_begin_.at < shortest_slice) {
            return;
        }
        auto const now = processor_use::now();
        std::size_t total = 0;
        for (auto const& each : counters_) {
            total += each.total.load(std::memory_order_relaxed);
        }
        auto const run_for = now.at - begin_;
        if (run_for > seconds_ / 4) { // the time before is to warm up
            nanoseconds const spent = now.at - slice_begin_.at;
            slices_.push_back(spent.count() / static_cast<double>(total - slice_total_));
            if (now.undisturbed_since(slice_begin_, busy_)) {
                undisturbed_.push_back(slices_.back());
            }
        }
        slice_begin_ = now;
        slice_total_ = total;
        if (slices_.size() >= enough && run_for > seconds_ * 5 / 4 &&
            (undisturbed_.size() >= enough || run_for > seconds_ * patience)) {
            is_over_.store(true, std::memory_order_relaxed);
        }
    }

    std::vector<counter> counters_;
    std::size_t busy_; // processors
    std::chrono::duration<double> seconds_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    processor_use slice_begin_ = processor_use::now();
    std::size_t slice_total_ = 0;
    std::vector<double> slices_;
    std::vector<double> undisturbed_;
    alignas(128) std::atomic<bool> is_over_ = false;
};

} // namespace bench
