// Buckets at run time, and what a pool with them would do on some traffic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "packet_trace.hpp"

namespace fit {

struct layout {
    std::string name;
    std::vector<std::size_t> buckets; ///< sizes in bytes, ascending
    std::vector<std::size_t> limits;  ///< packets
};

/// libtorrent's buckets and the presets of pktpool, for the IP versions of the traffic.
std::vector<layout> known_layouts(bool ipv4, bool ipv6);

/// Acquires that a pool serves from idle packets, with each retention policy of pktpool.
struct hit_counts {
    std::uint64_t acquires = 0;
    std::uint64_t fixed_limit = 0;    ///< and free_on_drop, as packet_pool
    std::uint64_t demand_tracked = 0; ///< and return_on_drop, as adaptive_packet_pool
};

/// Replays each trace on a pool of its own, of which only the counts are there. O(records *
/// log(buckets)).
hit_counts count_hits(std::span<packet_trace const> traces, layout const& of);

} // namespace fit
