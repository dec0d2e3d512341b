// Statistics of a pool: its counters at one moment, as a plain value.
export module pktpool:pool.statistics;

import pktpool.standard;
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

/// A difference that may be below 0 for a moment, while another thread counts.
[[nodiscard]] constexpr std::uint64_t difference(std::uint64_t more, std::uint64_t fewer) noexcept
{
    return more - std::min(more, fewer);
}

/// Of one slab and its row of the counters.
[[nodiscard]] bucket_statistics statistics_of_bucket(auto const& row, auto const& slab) noexcept
{
    bucket_statistics now{.capacity = slab.capacity(),
                          .hits = row.hits,
                          .misses = row.misses,
                          .kept = row.kept,
                          .freed = row.freed,
                          .drops = row.drops,
                          .decayed = row.decayed,
                          .trimmed = row.trimmed,
                          .reserved = row.reserved,
                          .outstanding = row.outstanding,
                          .most_outstanding = row.most_outstanding};
    if constexpr (requires { slab.returned(); }) {
        now.drained = slab.returned().taken();
        now.remote = std::max<std::uint64_t>(now.drained, slab.returned().given_back());
        now.outstanding = difference(now.outstanding, now.remote - now.drained);
    }
    now.idle = difference(now.kept + now.reserved, now.hits + now.decayed + now.trimmed);
    now.idle_bytes = now.idle * slab.bytes_each();
    return now;
}

/// Of the slabs and their counters. O(buckets).
template <std::size_t Buckets, bool Shared>
[[nodiscard]] pool_statistics<Buckets> statistics_of(counters<Buckets, Shared> const& count,
                                                     auto const& slabs) noexcept
{
    pool_statistics<Buckets> now;
    for (std::size_t i = 0; i < Buckets; ++i) {
        now.buckets[i] = statistics_of_bucket(count.rows()[i], slabs[i]);
        now.total += now.buckets[i];
    }
    now.above = statistics_of_bucket(count.rows().back(), slabs[Buckets]);
    now.total += now.above;
    now.total.capacity = 0;
    now.total.most_outstanding = count.most_outstanding();
    return now;
}

} // namespace pktpool
