// What the policies of a pool say, as numbers.
#pragma once

#include <cstddef>
#include <span>

namespace fuzz {

inline constexpr std::size_t pool_count = 3;   // pools of one script, at the most
inline constexpr std::size_t slot_count = 128; // handles of one script

/// All that the model and a script know of a combination of policies.
struct rules {
    struct bucket {
        std::size_t size;
        std::size_t limit;
    };

    std::span<bucket const> buckets; ///< smallest first
    std::size_t header_bytes;    ///< of a packet: in front of its buffer, and a guard's behind it
    std::size_t most_idle_bytes; ///< over all buckets
    bool takes_resource;         ///< memory comes from a std::pmr::memory_resource
    bool returns_dropped;        ///< a handle that is dropped brings its packet home
    bool hears_of_drops;         ///< a handle knows its pool, whatever it does there
    bool tracks_demand;          ///< the retention policy follows the traffic
    bool slabs_on_heap;          ///< from the first acquire on, until the last packet is back
    bool metadata_owns;          ///< the metadata is own_metadata
    bool hardened;               ///< a packet goes to no pool but its own
    bool clears;                 ///< a buffer is zero before its next user
    bool counts;                 ///< the pool counts what the model does
};

/// What a pool counts for a bucket.
struct counters {
    std::size_t hits = 0;
    std::size_t misses = 0;
    std::size_t kept = 0;  ///< came back and are idle
    std::size_t freed = 0; ///< came back and are not
    std::size_t drops = 0; ///< handles that were destroyed without release
    std::size_t decayed = 0;
    std::size_t trimmed = 0;
    std::size_t reserved = 0; ///< made ahead of time
    std::size_t outstanding = 0;
    std::size_t most_outstanding = 0;

    bool operator==(counters const&) const = default;
};

/// Packets, and the bytes that they take with their headers.
struct amount {
    std::size_t count = 0;
    std::size_t bytes = 0;
};

} // namespace fuzz
