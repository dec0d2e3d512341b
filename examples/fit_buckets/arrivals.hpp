// Turns the arrivals of a capture into a packet trace: what a pool would be asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "packet_trace.hpp"

namespace fit {

struct lifetime {
    /// Time between two decays.
    std::chrono::nanoseconds window = std::chrono::seconds(1);
    /// How long the protocol keeps a packet; without it, to the end of the window of its arrival.
    std::optional<std::chrono::nanoseconds> hold;
};

/// Each packet is acquired when it arrives and released at the end of its lifetime.
class arrival_recorder {
public:
    /// `how` holds times above 0.
    explicit arrival_recorder(lifetime how) : lifetime_(how) {}

    /// A datagram of `size` bytes at the time `at`. A time before the last one counts as the last
    /// one; if it is more than a second before, the clock was set back, and time goes on from
    /// there. Amortised O(1), and O(windows) after a silence, of which an hour's windows are
    /// recorded.
    void add(std::chrono::nanoseconds at, std::uint16_t size);

    /// The trace: at its end all packets are released. O(packets that are outstanding).
    packet_trace finish();

private:
    using time = std::chrono::nanoseconds;
    struct outstanding {
        time until;
        std::uint32_t slot;
        std::uint16_t size;
    };

    [[nodiscard]] time to_own_clock(time at);
    void advance(time to);
    void release_until(time to);
    void decay();
    std::uint32_t take_slot();

    lifetime lifetime_;
    std::optional<time> previous_; ///< as captured
    time now_{0};                  ///< since the first arrival
    time next_decay_{0};
    std::deque<outstanding> outstanding_; ///< by the time of their release
    std::vector<std::uint32_t> free_slots_;
    packet_trace trace_;
};

} // namespace fit
