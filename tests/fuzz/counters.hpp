// The statistics of a pool with `counted`, in a form that the fuzzer compares.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace fuzz {

/// The counts of a bucket.
struct counters {
    std::size_t capacity = 0;
    std::size_t hits = 0;
    std::size_t misses = 0;
    std::size_t kept = 0;  ///< released or dropped, and idle then
    std::size_t freed = 0; ///< released or dropped, and freed
    std::size_t drops = 0; ///< handles destroyed without release()
    std::size_t decayed = 0;
    std::size_t trimmed = 0;
    std::size_t reserved = 0; ///< made by reserve()
    std::size_t remote = 0;   ///< released or dropped on another thread than the owner's
    std::size_t drained = 0;  ///< of these, taken in by the owner
    std::size_t outstanding = 0;
    std::size_t most_outstanding = 0;
    std::size_t idle = 0;
    std::size_t idle_bytes = 0;

    bool operator==(counters const&) const = default;
};

struct counters_field {
    std::string_view name;
    std::size_t counters::* value;
    bool grows = false; ///< a count since the pool began, not a current value
};

inline constexpr std::array counters_fields{
    counters_field{"capacity", &counters::capacity},
    counters_field{"hits", &counters::hits, true},
    counters_field{"misses", &counters::misses, true},
    counters_field{"kept", &counters::kept, true},
    counters_field{"freed", &counters::freed, true},
    counters_field{"drops", &counters::drops, true},
    counters_field{"decayed", &counters::decayed, true},
    counters_field{"trimmed", &counters::trimmed, true},
    counters_field{"reserved", &counters::reserved, true},
    counters_field{"remote", &counters::remote, true},
    counters_field{"drained", &counters::drained, true},
    counters_field{"outstanding", &counters::outstanding},
    counters_field{"most_outstanding", &counters::most_outstanding},
    counters_field{"idle", &counters::idle},
    counters_field{"idle_bytes", &counters::idle_bytes},
};
static_assert(sizeof(counters) == sizeof(std::size_t) * counters_fields.size());

/// A row per bucket, one for packets above the largest, and the total.
using counted_rows = std::vector<counters>;

} // namespace fuzz
