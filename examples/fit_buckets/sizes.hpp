// The sizes of the datagrams of some traffic, and the loss of buckets on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "packet_trace.hpp"

namespace fit {

inline constexpr std::size_t largest_size = 65535; // what the length of a UDP datagram can state

/// Packets of each size in bytes.
class size_counts {
public:
    /// Adds the acquires of a trace. O(records).
    void add(packet_trace const& trace);
    void add(std::size_t size, std::uint64_t packets) { counts_.at(size) += packets; }

    [[nodiscard]] std::uint64_t of(std::size_t size) const { return counts_[size]; }
    [[nodiscard]] std::uint64_t packets() const;
    /// Smallest and largest size in bytes; there is at least one packet.
    [[nodiscard]] std::size_t least() const;
    [[nodiscard]] std::size_t most() const;

private:
    std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(largest_size + 1);
};

/// Internal fragmentation of buckets on some traffic.
struct loss {
    std::uint64_t requested = 0; ///< bytes asked for
    std::uint64_t capacity = 0;  ///< bytes of the packets that they come from

    /// Their difference as a share of the capacity, 0 to 1.
    [[nodiscard]] double share() const;
};

/// A packet above the largest bucket has exactly its size, as in a pool. `buckets`: sizes in bytes,
/// ascending. O(sizes).
loss loss_of(std::span<std::size_t const> buckets, size_counts const& sizes);

/// The most bytes that one packet of `least` to `most` bytes loses. O(buckets).
std::size_t worst_loss(std::span<std::size_t const> buckets, std::size_t least, std::size_t most);

/// Index of the smallest bucket that holds `size` bytes; their number above the largest.
std::size_t bucket_of(std::span<std::size_t const> buckets, std::size_t size);

} // namespace fit
