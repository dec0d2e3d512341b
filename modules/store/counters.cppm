// Counters of a pool, per bucket.
module;
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

export module pktpool:store.counters;

namespace pktpool {

/// Counts of one bucket, of the packets above the largest bucket, or of all together. All members
/// but capacity and idle_bytes are packets. Between two operations `outstanding = hits + misses -
/// kept - freed` and `idle = kept + reserved - hits - decayed - trimmed`.
export struct bucket_statistics {
    std::size_t capacity = 0;           ///< bytes; 0 if this is not one bucket
    std::uint64_t hits = 0;             ///< acquired, from the slab
    std::uint64_t misses = 0;           ///< acquired, from the source
    std::uint64_t kept = 0;             ///< released or dropped, and idle then
    std::uint64_t freed = 0;            ///< released or dropped, and freed
    std::uint64_t drops = 0;            ///< of kept and freed: dropped
    std::uint64_t decayed = 0;          ///< freed by decay()
    std::uint64_t trimmed = 0;          ///< freed by trim()
    std::uint64_t reserved = 0;         ///< made by reserve()
    std::uint64_t outstanding = 0;      ///< now
    std::uint64_t most_outstanding = 0; ///< at any time
    std::uint64_t idle = 0;             ///< now
    std::uint64_t idle_bytes = 0;       ///< now, with headers

    bool operator==(bucket_statistics const&) const = default;

    /// The counts since `earlier`. Members of a moment keep their value of this one.
    [[nodiscard]] bucket_statistics operator-(bucket_statistics const& earlier) const noexcept;
    /// Adds each member.
    bucket_statistics& operator+=(bucket_statistics const& other) noexcept;
};

/// For a pool with `Buckets` buckets. Packets above the largest count in the last row.
template <std::size_t Buckets>
class counters {
public:
    void acquired(std::size_t bucket, std::size_t hits, std::size_t packets) noexcept
    {
        auto& row = at(bucket);
        row.hits += hits;
        row.misses += packets - hits;
        row.outstanding += packets;
        row.most_outstanding = std::max(row.most_outstanding, row.outstanding);
        outstanding_ += packets;
        most_outstanding_ = std::max(most_outstanding_, outstanding_);
    }
    void returned(std::size_t bucket, bool kept) noexcept
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

    [[nodiscard]] auto const& rows() const noexcept { return rows_; }
    /// Of all buckets at one moment. The largest counts per bucket may be of different moments.
    [[nodiscard]] std::uint64_t most_outstanding() const noexcept { return most_outstanding_; }

private:
    [[nodiscard]] bucket_statistics& at(std::size_t bucket) noexcept
    {
        return rows_[std::min(bucket, Buckets)];
    }

    std::array<bucket_statistics, Buckets + 1> rows_{};
    std::uint64_t outstanding_ = 0;
    std::uint64_t most_outstanding_ = 0;
};

} // namespace pktpool
