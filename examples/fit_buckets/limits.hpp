// How many packets of each bucket are outstanding at once: so many idle ones are worth keeping.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "packet_trace.hpp"

namespace fit {

inline constexpr std::size_t largest_limit = 65535; // pktpool's max_bucket_limit

/// For each bucket the most packets that are outstanding at once, in the windows between the decays
/// of the traces. `percentile`, 0 to 100: in so many percent of the windows there are not more; 100
/// for all of them. Windows without a packet do not count. Not below 1, not above largest_limit.
/// `buckets`: sizes in bytes, ascending. O(records * log(buckets)).
std::vector<std::size_t> limits(std::span<packet_trace const> traces,
                                std::span<std::size_t const> buckets, double percentile);

} // namespace fit
