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
    std::size_t header_bytes;        ///< of a packet, in front of its buffer
    std::size_t most_idle_bytes;     ///< over all buckets
    bool takes_resource;             ///< memory comes from a std::pmr::memory_resource
    bool returns_dropped;            ///< a handle that is dropped brings its packet home
    bool tracks_demand;              ///< the retention policy follows the traffic
    bool slabs_on_heap;              ///< from the first acquire on, until the last packet is back
    bool metadata_owns;              ///< the metadata is own_metadata
};

/// Packets, and the bytes that they take with their headers.
struct amount {
    std::size_t count = 0;
    std::size_t bytes = 0;
};

} // namespace fuzz
