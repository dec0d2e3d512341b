// Statistics of a pool: its counters at one moment, as a plain value.
module;
#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string>

export module pktpool:pool.statistics;

import :sizes.bucket;
import :store.counters;

namespace pktpool {

std::string statistics_table(std::span<bucket_statistics const> rows);
std::string statistics_line(bucket_statistics const& total);

/// The counters of a pool with `Buckets` buckets at one moment.
export template <std::size_t Buckets>
struct pool_statistics {
    std::array<bucket_statistics, Buckets> buckets{}; ///< in the order of the bucket policy
    bucket_statistics above{};                        ///< packets above the largest bucket
    bucket_statistics total{};

    bool operator==(pool_statistics const&) const = default;

    /// The counts since an earlier moment of the same pool.
    [[nodiscard]] pool_statistics operator-(pool_statistics const& earlier) const noexcept
    {
        pool_statistics since{.above = above - earlier.above, .total = total - earlier.total};
        std::ranges::transform(buckets, earlier.buckets, since.buckets.begin(), std::minus{});
        return since;
    }

    /// A table with a head line, one row per bucket, one for packets above the largest, and the
    /// total.
    [[nodiscard]] std::string to_table() const
    {
        std::array<bucket_statistics, Buckets + 2> rows{};
        *std::ranges::copy(buckets, rows.begin()).out = above;
        rows.back() = total;
        return statistics_table(rows);
    }

    /// The total in one line for a log, without a line end: `hits=1 misses=2 ...`.
    [[nodiscard]] std::string to_line() const { return statistics_line(total); }
};

/// Of a pool with these buckets before its first acquire.
template <std::size_t Buckets>
[[nodiscard]] pool_statistics<Buckets> nothing_counted(auto const& buckets) noexcept
{
    pool_statistics<Buckets> none;
    std::ranges::transform(buckets, none.buckets.begin(), [](bucket const& each) {
        return bucket_statistics{.capacity = each.size};
    });
    return none;
}

/// Of the slabs and their counters. O(buckets).
template <std::size_t Buckets>
[[nodiscard]] pool_statistics<Buckets> statistics_of(counters<Buckets> const& count,
                                                     auto const& slabs) noexcept
{
    pool_statistics<Buckets> now{.above = count.rows().back()};
    for (std::size_t i = 0; i < Buckets; ++i) {
        now.buckets[i] = count.rows()[i];
        now.buckets[i].capacity = slabs[i].capacity();
        now.buckets[i].idle = slabs[i].idle().count;
        now.buckets[i].idle_bytes = slabs[i].idle().bytes;
        now.total += now.buckets[i];
    }
    now.total += now.above;
    now.total.capacity = 0;
    now.total.most_outstanding = count.most_outstanding();
    return now;
}

} // namespace pktpool
