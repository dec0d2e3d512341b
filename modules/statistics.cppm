// What a pool did, in numbers.
module;
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <type_traits>

#include "pktpool_attributes.hpp"

export module pktpool:statistics;

import :buckets;

namespace pktpool {

template <class S>
concept statistics_say_whether = requires {
    { S::counts } -> std::same_as<bool const&>;
};

/// `static constexpr bool counts`: whether `statistics()` is there.
export template <class S>
concept statistics_policy = statistics_say_whether<S>;

/// The default: nothing is counted, and nothing of it is there.
struct uncounted {
    static constexpr bool counts = false;
};

/// The pool counts, also the handles that are destroyed without release.
export struct counted {
    static constexpr bool counts = true;
};

static_assert(statistics_policy<uncounted> && statistics_policy<counted>);

/// The numbers of one bucket, of the packets above the largest, or of all together. All but
/// capacity and bytes are packets. Outstanding are hits + misses - kept - freed, idle are
/// kept + reserved - hits - decayed - trimmed.
export struct bucket_statistics {
    std::size_t capacity = 0;           ///< bytes; 0 where it is not one
    std::uint64_t hits = 0;             ///< acquired from the idle ones
    std::uint64_t misses = 0;           ///< acquired from the source
    std::uint64_t kept = 0;             ///< came back and became idle
    std::uint64_t freed = 0;            ///< came back and went to the source
    std::uint64_t drops = 0;            ///< of both: by a handle that was destroyed
    std::uint64_t decayed = 0;          ///< given back by decay()
    std::uint64_t trimmed = 0;          ///< given back by trim()
    std::uint64_t reserved = 0;         ///< made by reserve()
    std::uint64_t outstanding = 0;      ///< now
    std::uint64_t most_outstanding = 0; ///< ever
    std::uint64_t idle = 0;             ///< now
    std::uint64_t idle_bytes = 0;       ///< now, headers included

    bool operator==(bucket_statistics const&) const = default;

    /// What was counted since an earlier moment; outstanding and idle ones stay those of this one.
    [[nodiscard]] bucket_statistics operator-(bucket_statistics const& earlier) const noexcept;
    /// Both together, as if they were one bucket's.
    bucket_statistics& operator+=(bucket_statistics const& other) noexcept;
};

std::string statistics_table(std::span<bucket_statistics const> rows);
std::string statistics_line(bucket_statistics const& total);

/// A moment of a pool, a plain value.
export template <std::size_t Buckets>
struct pool_statistics {
    std::array<bucket_statistics, Buckets> buckets{}; ///< as in the bucket policy
    bucket_statistics above{};                        ///< packets above the largest bucket
    bucket_statistics total{};

    bool operator==(pool_statistics const&) const = default;

    /// What was counted since an earlier moment of the same pool.
    [[nodiscard]] pool_statistics operator-(pool_statistics const& earlier) const noexcept
    {
        pool_statistics since{.above = above - earlier.above, .total = total - earlier.total};
        std::ranges::transform(buckets, earlier.buckets, since.buckets.begin(), std::minus{});
        return since;
    }

    /// Lines with a head: a row a bucket, one for packets above the largest, and the total.
    [[nodiscard]] std::string to_table() const
    {
        std::array<bucket_statistics, Buckets + 2> rows{};
        *std::ranges::copy(buckets, rows.begin()).out = above;
        rows.back() = total;
        return statistics_table(rows);
    }

    /// One line for a log, without its end: the total, as `hits=1 misses=2 ...`.
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

/// The counts of a pool with so many buckets; other packets count in the last row.
template <bool Counts, std::size_t Buckets>
class counters {
public:
    [[nodiscard]] static std::size_t idle(auto const& slab) noexcept { return slab.idle().count; }
    void lent(std::size_t bucket, std::size_t hits, std::size_t packets) noexcept
    {
        auto& row = at(bucket);
        row.hits += hits;
        row.misses += packets - hits;
        row.outstanding += packets;
        row.most_outstanding = std::max(row.most_outstanding, row.outstanding);
        outstanding_ += packets;
        most_outstanding_ = std::max(most_outstanding_, outstanding_);
    }
    void came_back(std::size_t bucket, bool kept) noexcept
    {
        auto& row = at(bucket);
        ++(kept ? row.kept : row.freed);
        --row.outstanding;
        --outstanding_;
    }
    void dropped(std::size_t bucket) noexcept { ++at(bucket).drops; }
    void decayed(std::size_t bucket, std::size_t packets) noexcept
    {
        at(bucket).decayed += packets;
    }
    void trimmed(std::size_t bucket, std::size_t packets) noexcept
    {
        at(bucket).trimmed += packets;
    }
    void reserved(std::size_t bucket, std::size_t packets) noexcept
    {
        at(bucket).reserved += packets;
    }

    [[nodiscard]] pool_statistics<Buckets> snapshot(auto const& slabs) const noexcept
    {
        pool_statistics<Buckets> now{.above = rows_.back()};
        for (std::size_t i = 0; i < Buckets; ++i) {
            now.buckets[i] = rows_[i];
            now.buckets[i].capacity = slabs[i].capacity();
            now.buckets[i].idle = slabs[i].idle().count;
            now.buckets[i].idle_bytes = slabs[i].idle().bytes;
            now.total += now.buckets[i];
        }
        now.total += now.above;
        now.total.capacity = 0;
        now.total.most_outstanding = most_outstanding_; // the buckets' may be of other moments
        return now;
    }

private:
    [[nodiscard]] bucket_statistics& at(std::size_t bucket) noexcept
    {
        return rows_[std::min(bucket, Buckets)];
    }

    std::array<bucket_statistics, Buckets + 1> rows_{};
    std::uint64_t outstanding_ = 0;
    std::uint64_t most_outstanding_ = 0;
};

/// Nothing is counted, and so nothing read either.
template <std::size_t Buckets>
class counters<false, Buckets> {
public:
    [[nodiscard]] static constexpr std::size_t idle(auto const&) noexcept { return 0; }
    static constexpr void lent(std::size_t, std::size_t, std::size_t) noexcept {}
    static constexpr void came_back(std::size_t, bool) noexcept {}
    static constexpr void dropped(std::size_t) noexcept {}
    static constexpr void decayed(std::size_t, std::size_t) noexcept {}
    static constexpr void trimmed(std::size_t, std::size_t) noexcept {}
    static constexpr void reserved(std::size_t, std::size_t) noexcept {}
};

static_assert(std::is_empty_v<counters<false, 3>>);

} // namespace pktpool
