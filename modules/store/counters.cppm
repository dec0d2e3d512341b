// Counters of a pool, per bucket.
export module pktpool:store.counters;

import pktpool.standard;

namespace pktpool {

/// Counts of one bucket, of the packets above the largest bucket, or of all together. All members
/// but capacity and idle_bytes are packets. Between two operations `outstanding = hits + misses -
/// kept - freed - (remote - drained)` and `idle = kept + reserved - hits - decayed - trimmed`.
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
    std::uint64_t remote = 0;           ///< released or dropped on another thread than the owner's
    std::uint64_t drained = 0;          ///< of remote: the owner knows of them
    std::uint64_t outstanding = 0;      ///< now
    std::uint64_t most_outstanding = 0; ///< at any time; those on a list are among them
    std::uint64_t idle = 0;             ///< now
    std::uint64_t idle_bytes = 0;       ///< now, with headers

    bool operator==(bucket_statistics const&) const = default;

    /// The counts since `earlier`. Members of a moment keep their value of this one.
    [[nodiscard]] bucket_statistics operator-(bucket_statistics const& earlier) const noexcept;
    /// Adds each member.
    bucket_statistics& operator+=(bucket_statistics const& other) noexcept;
};

/// A number that one thread writes and any thread reads.
class shared_number {
public:
    shared_number& operator+=(std::uint64_t more) noexcept
    {
        value_.store(*this + more, std::memory_order_relaxed);
        return *this;
    }
    shared_number& operator-=(std::uint64_t fewer) noexcept { return *this += -fewer; }
    operator std::uint64_t() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_ = 0;
};

/// For a pool with `Buckets` buckets. Packets above the largest count in the last row. If they are
/// shared, any thread may read them, while the owner counts.
template <std::size_t Buckets, bool Shared>
class counters {
    using number = std::conditional_t<Shared, shared_number, std::uint64_t>;

public:
    struct bucket_row {
        number hits{};
        number misses{};
        number kept{};
        number freed{};
        number drops{};
        number decayed{};
        number trimmed{};
        number reserved{};
        number outstanding{};
        number most_outstanding{};
    };

    void acquired(std::size_t bucket, std::size_t hits, std::size_t packets) noexcept
    {
        auto& row = at(bucket);
        row.hits += hits;
        row.misses += packets - hits;
        add_outstanding(row.outstanding, row.most_outstanding, packets);
        add_outstanding(outstanding_, most_outstanding_, packets);
    }
    void returned(std::size_t bucket, bool kept, std::size_t packets) noexcept
    {
        auto& row = at(bucket);
        (kept ? row.kept : row.freed) += packets;
        row.outstanding -= packets;
        outstanding_ -= packets;
    }
    void freed_elsewhere(std::size_t bucket, std::uint64_t packets, std::uint64_t drops) noexcept
    {
        auto& row = at(bucket);
        row.freed += packets;
        row.drops += drops;
        row.outstanding -= packets;
        outstanding_ -= packets;
    }
    void dropped(std::size_t bucket) noexcept { at(bucket).drops += 1; }
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
    [[nodiscard]] bucket_row& at(std::size_t bucket) noexcept
    {
        return rows_[std::min(bucket, Buckets)];
    }

    static void add_outstanding(number& now, number& most, std::size_t packets) noexcept
    {
        now += packets;
        if (now > most) {
            most += now - most;
        }
    }

    std::array<bucket_row, Buckets + 1> rows_{};
    number outstanding_{};
    number most_outstanding_{};
};

} // namespace pktpool
