// Datagrams that the threads of the pipeline count.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pipeline {

/// A number that one thread writes and any thread reads.
class counter {
public:
    void operator+=(std::uint64_t more) { value_.store(*this + more, std::memory_order_relaxed); }
    operator std::uint64_t() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_ = 0;
};

/// Counts of one thread, or of all.
template <class Number>
struct counts {
    Number received{};
    Number truncated{}; ///< of received: too large, dropped
    Number dropped{};   ///< because the queue to the next thread was full
    Number sent{};
    Number lost{}; ///< without memory, or the kernel did not take them

    template <class Other>
    counts& operator+=(counts<Other> const& other)
    {
        received += other.received;
        truncated += other.truncated;
        dropped += other.dropped;
        sent += other.sent;
        lost += other.lost;
        return *this;
    }
};

/// No cache line with the counts of another thread.
struct alignas(64) thread_counts : counts<counter> {};

using total_counts = counts<unsigned long long>;

} // namespace pipeline
