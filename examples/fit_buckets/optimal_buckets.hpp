// The buckets that lose the fewest bytes on some traffic, exactly.
//
// A bucket of the best buckets ends at a size that occurs: else a smaller one would serve the same
// packets. So the sizes, in ascending order, are cut into runs, and the bucket of a run is its
// largest size. With cost(i, j) the capacity of the packets of the sizes i to j - 1 in one bucket,
//
//     best[k][j] = min over i of best[k - 1][i] + cost(i, j)
//
// is the least capacity of the first j sizes in k buckets. The cost satisfies the quadrangle
// inequality, because the capacity ascends with j: the best i ascends with j, and a layer of k
// takes O(n log n) by divide and conquer for n different sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sizes.hpp"

namespace fit {

struct bucket_rules {
    std::size_t align = 1;    ///< bytes: each bucket is a multiple, except one of 65535
    std::size_t at_least = 0; ///< bytes: the largest bucket is not smaller
};

class optimal_buckets {
public:
    /// There is at least one packet. With one bucket. O(sizes).
    optimal_buckets(size_counts const& sizes, bucket_rules rules);

    /// One bucket more; false if the buckets lose nothing that another one could save, and there is
    /// none. O(n log n), n different sizes.
    bool add_bucket();

    /// Sizes of the buckets in bytes, ascending. O(buckets).
    [[nodiscard]] std::vector<std::size_t> buckets() const;
    [[nodiscard]] loss lost() const;

private:
    using index = std::uint32_t;
    struct range {
        index first;
        index last; ///< included
    };

    [[nodiscard]] std::uint64_t cost(index from, index to) const
    {
        return capacities_[to - 1] * (packets_before_[to] - packets_before_[from]);
    }
    void solve(range ends, range cuts);

    std::vector<std::uint64_t> capacities_;     ///< bytes: the buckets that are possible, ascending
    std::vector<std::uint64_t> packets_before_; ///< packets of the first i capacities
    std::uint64_t requested_ = 0;               ///< bytes

    std::vector<std::uint64_t> best_; ///< bytes: of the first j capacities
    std::vector<std::uint64_t> next_; ///< the same with one bucket more
    std::vector<std::vector<index>>
        last_cut_; ///< by buckets - 1 and j: where the last bucket begins
};

} // namespace fit
