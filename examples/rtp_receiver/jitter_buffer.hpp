// Restores the order of the packets of one RTP stream.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <gsl/narrow>

/// In packets.
struct jitter_counts {
    unsigned long long written = 0;
    unsigned long long missing = 0;    ///< gaps in the output
    unsigned long long late = 0;       ///< the gap was skipped before, or far outside of the window
    unsigned long long duplicates = 0; ///< arrived again
    unsigned long long restarts = 0;   ///< jumps of the sequence
};

/// Holds packets until those before them have arrived, none for longer than the latency, and passes
/// them to `write(PacketPtr)` in order. A packet has a member `arrival`. Bounded: `window` packets.
template <class PacketPtr>
class jitter_buffer {
public:
    using clock = std::chrono::steady_clock;

    static constexpr std::size_t window = 512;

    explicit jitter_buffer(clock::duration latency) : latency_(latency) {}

    [[nodiscard]] jitter_counts const& counts() const { return counts_; }

    /// Whether a packet would be written at once.
    [[nodiscard]] bool is_next(std::uint16_t sequence) const
    {
        return state_ == state::running && sequence == next_;
    }

    template <class Write>
    void push(PacketPtr p, std::uint16_t sequence, clock::time_point now, Write const& write)
    {
        if (state_ == state::empty) {
            begin(sequence);
        }
        if (distance(sequence, next_) <= window && sequence != next_) {
            ++(was_written_[slot(sequence)] ? counts_.duplicates : counts_.late);
            return;
        }
        if (distance(next_, sequence) >= longest_gap) {
            if (sequence != suspect_) { // ignored, unless its successor follows
                suspect_ = distance(65535, sequence);
                ++counts_.late;
                return;
            }
            flush(write);
            begin(sequence);
            ++counts_.restarts;
        }
        suspect_.reset();
        while (distance(next_, sequence) >= window) {
            step(write);
        }
        auto& held = held_[slot(sequence)];
        if (held) {
            ++counts_.duplicates;
            return;
        }
        p->arrival = now;
        held = std::move(p);
        ++count_;
        if (state_ == state::running) {
            write_ready(write);
        }
        expire(now, write);
    }

    /// Skips the gaps that a packet has waited behind for the latency. Call it on a timer, too.
    template <class Write>
    void expire(clock::time_point now, Write const& write)
    {
        while (count_ > 0 && now - oldest_arrival() >= latency_) {
            while (!held_[slot(next_)]) {
                step(write);
            }
            write_ready(write);
        }
    }

    /// Writes all held packets. The next packet begins another stream.
    template <class Write>
    void flush(Write const& write)
    {
        while (count_ > 0) {
            step(write);
        }
        state_ = state::empty;
    }

private:
    enum class state : std::uint8_t {
        empty,    // no packet yet
        starting, // earlier packets may still arrive: a gap at the start is not counted
        running,
    };

    static constexpr std::uint16_t start_slack = 64; // packets that may precede the first
    // Beyond it two consecutive numbers are another sequence (RFC 3550 appendix A.1).
    static constexpr std::uint16_t longest_gap = 3000;
    static_assert(65536 % window == 0, "slots stay in order where the sequence wraps");

    static std::uint16_t distance(std::uint16_t from, std::uint16_t to)
    {
        return gsl::narrow_cast<std::uint16_t>(to - from);
    }
    static std::size_t slot(std::uint16_t sequence) { return sequence % window; }

    void begin(std::uint16_t sequence)
    {
        state_ = state::starting;
        next_ = distance(start_slack, sequence);
        was_written_.reset();
    }

    /// Writes the next packet or, if it is missing, skips it.
    template <class Write>
    void step(Write const& write)
    {
        auto p = std::move(held_[slot(next_)]);
        was_written_[slot(next_)] = p != nullptr;
        ++next_;
        if (p) {
            --count_;
            state_ = state::running;
            ++counts_.written;
            write(std::move(p));
        } else if (state_ == state::running) {
            ++counts_.missing;
        }
    }

    template <class Write>
    void write_ready(Write const& write)
    {
        while (held_[slot(next_)]) {
            step(write);
        }
    }

    [[nodiscard]] clock::time_point oldest_arrival() const
    {
        auto oldest = clock::time_point::max();
        auto sequence = next_;
        for (std::size_t seen = 0; seen < count_; ++sequence) {
            if (auto const& p = held_[slot(sequence)]) {
                oldest = std::min(oldest, p->arrival);
                ++seen;
            }
        }
        return oldest;
    }

    clock::duration latency_;
    state state_ = state::empty;
    std::uint16_t next_ = 0;               // the next to be written
    std::size_t count_ = 0;                // held packets
    std::optional<std::uint16_t> suspect_; // the next number of another sequence
    std::array<PacketPtr, window> held_{}; // by sequence
    std::bitset<window> was_written_;      // whether the packets before the next one were written
    jitter_counts counts_;
};
