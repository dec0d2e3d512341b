// What the policies of a pool say, as numbers.
#pragma once

#include <cstddef>
#include <span>

namespace fuzz {

inline constexpr std::size_t pool_count = 3;   // pools of one script, at the most
inline constexpr std::size_t slot_count = 128; // handles of one script

inline constexpr std::size_t largest_packet = 65535;

/// All that the model and a script know of a combination of policies.
struct rules {
    struct bucket {
        std::size_t size;
        std::size_t limit;
    };

    std::span<bucket const> buckets; ///< smallest first
    std::size_t header_bytes;    ///< of a packet: in front of its padding, and a guard's behind it
    std::size_t padding;         ///< bytes in front of the headroom that are nobody's
    std::size_t headroom;        ///< bytes in front of the datagram
    std::size_t tailroom;        ///< bytes behind it
    std::size_t most_idle_bytes; ///< over all buckets
    std::size_t call_sites_one_in; ///< of so many acquires the place of one is recorded; 0 of none
    std::size_t metadata_flags;    ///< what the subject shows of metadata that it has filled
    bool takes_resource;           ///< memory comes from a std::pmr::memory_resource
    bool returns_dropped;          ///< a handle that is dropped brings its packet home
    bool hears_of_drops;           ///< a handle knows its pool, whatever it does there
    bool tracks_demand;            ///< the retention policy follows the traffic
    bool slabs_on_heap;            ///< from the first acquire on, until the last packet is back
    bool metadata_is_watched;      ///< its constructions, copies and destructions are counted
    bool door_is_watched;          ///< the threading policy is own_door
    bool clears;                   ///< a buffer is zero before its next user
    bool counts;                   ///< the pool counts what the model does

    /// A packet goes to no pool but its own, and its idle buffer holds a pattern.
    [[nodiscard]] bool hardened() const { return call_sites_one_in > 0; }
    [[nodiscard]] bool has_room() const { return headroom + tailroom > 0; }
    [[nodiscard]] std::size_t packet_bytes(std::size_t capacity) const
    {
        return header_bytes + padding + headroom + capacity + tailroom;
    }
};

/// Packets, and the bytes that they take with their headers.
struct amount {
    std::size_t count = 0;
    std::size_t bytes = 0;
};

} // namespace fuzz
