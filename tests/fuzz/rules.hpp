// The policies of a pool as numbers.
#pragma once

#include <cstddef>
#include <span>

namespace fuzz {

inline constexpr std::size_t pool_count = 3;   // the most pools of a script
inline constexpr std::size_t slot_count = 128; // handles of a script

inline constexpr std::size_t largest_packet = 65535;

/// All that the model and a script need to know of a combination of policies.
struct rules {
    struct bucket {
        std::size_t size;
        std::size_t limit;
    };

    std::span<bucket const> buckets; ///< smallest first
    std::size_t header_bytes;    ///< of a packet: in front of its padding, and the guard's trailer
    std::size_t padding;         ///< bytes in front of the headroom
    std::size_t headroom;        ///< bytes in front of the datagram
    std::size_t tailroom;        ///< bytes behind the datagram
    std::size_t most_idle_bytes; ///< over all buckets
    std::size_t call_sites_one_in; ///< the call site of one acquire in so many is recorded; 0: none
    std::size_t metadata_flags;    ///< the flags that fill() sets in the metadata
    bool takes_resource;           ///< memory comes from a std::pmr::memory_resource
    bool returns_dropped;          ///< a drop returns the packet to its pool
    bool drops_reach_pool;         ///< the deleter of a handle calls the pool
    bool tracks_demand;            ///< the retention policy follows the traffic
    bool slabs_on_heap;            ///< from the first acquire until the last packet is back
    bool metadata_is_watched;      ///< its constructions, copies and destructions are counted
    bool lock_is_checked;          ///< the threading policy is checked_lock
    bool clears;                   ///< the buffer of an acquired packet is zero
    bool counts;                   ///< the pool has statistics
    bool has_owner;                ///< the threading policy is single_owner

    /// A packet returns to no other pool, and its idle buffer has a pattern.
    [[nodiscard]] bool hardened() const { return call_sites_one_in > 0; }
    [[nodiscard]] bool has_headroom() const { return headroom + tailroom > 0; }
    [[nodiscard]] std::size_t packet_bytes(std::size_t capacity) const
    {
        return header_bytes + padding + headroom + capacity + tailroom;
    }
};

/// A number of packets, and their bytes, headers included.
struct amount {
    std::size_t count = 0;
    std::size_t bytes = 0;
};

} // namespace fuzz
