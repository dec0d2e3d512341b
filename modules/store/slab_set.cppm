// The slabs of a pool with their source, their counters and the bound on idle bytes: everything
// that happens under the lock. Exports nothing.
module;
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <gsl/narrow>

#include "../support/attributes.hpp"

export module pktpool:store.slab_set;

import :support.error;
import :sizes.bucket;
import :policy.options;
import :store.slab_core;
import :store.counters;

namespace pktpool {

/// One slab per bucket of the policy, and one for packets above the largest, which keeps none. If
/// the limits bound the slots, they are one array in the object.
template <bucket_policy Buckets, class Slab>
class pool_slabs {
public:
    static constexpr std::size_t buckets = bucket_count<Buckets>;

    pool_slabs() noexcept
    {
        for (std::size_t i = 0; i < buckets; ++i) {
            slabs_[i].set_bucket(Buckets::buckets[i], gsl::narrow_cast<std::uint8_t>(i));
        }
        slabs_.back().set_bucket({.size = 0, .limit = 0}, no_bucket);
        assign_slots();
    }

    /// Contract: `index <= buckets`.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Slab& operator[](std::size_t index) noexcept
    {
        return slabs_[index];
    }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Slab const& operator[](std::size_t index) const noexcept
    {
        return slabs_[index];
    }
    /// The slab of packets above the largest bucket.
    [[nodiscard]] Slab& exact() noexcept { return slabs_[buckets]; }
    [[nodiscard]] std::span<Slab> all() noexcept { return slabs_; }
    [[nodiscard]] std::span<Slab const> all() const noexcept { return slabs_; }

    /// The slab of the packet's bucket and capacity, or null. Packets of pools with other buckets
    /// may have the same type.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Slab* find(auto const& packet) noexcept
    {
        return packet.bucket < buckets && packet.allocated == slabs_[packet.bucket].capacity()
                   ? &slabs_[packet.bucket]
                   : nullptr;
    }

    /// Takes the idle packets of another pool. Contract: free_all() was called for each slab here.
    void take_over(pool_slabs& other) noexcept
    {
        for (std::size_t i = 0; i < slabs_.size(); ++i) {
            slabs_[i].take_over(other.slabs_[i]);
        }
        assign_slots(); // copies the pointers to the packets
        other.assign_slots();
    }

private:
    /// Where the slots of each bucket start in the array; the last is their number.
    static constexpr auto slot_offsets = [] {
        std::array<std::size_t, buckets + 1> offsets{};
        for (std::size_t i = 0; i < buckets; ++i) {
            offsets[i + 1] = offsets[i] + Slab::own_slots(Buckets::buckets[i]);
        }
        return offsets;
    }();

    void assign_slots() noexcept
    {
        if constexpr (!Slab::grows) {
            for (std::size_t i = 0; i < buckets; ++i) {
                slabs_[i].move_to(slots_.data() + slot_offsets[i]);
            }
        }
    }

    std::array<Slab, buckets + 1> slabs_{};
    std::array<typename Slab::packet*, slot_offsets.back()> slots_;
};

/// `Slabs` is pool_slabs or single_slab. The caller holds the lock, and calls free_all() at the
/// end.
template <class Slabs, class Slab, class Policies>
class slab_set {
public:
    using packet = typename Slab::packet;
    using source_type = typename Slab::source_type;
    using low_water_mark = typename Slab::low_water_mark;

    explicit slab_set(source_type const& source, auto const&... bucket) noexcept
        : slabs_(bucket...), source_(source)
    {
    }
    slab_set(slab_set const&) = delete;
    slab_set& operator=(slab_set const&) = delete;
    ~slab_set() = default;

    [[nodiscard]] source_type const& source() const noexcept { return source_; }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Slabs& slabs() noexcept { return slabs_; }
    [[nodiscard]] Slabs const& slabs() const noexcept { return slabs_; }
    [[nodiscard]] auto const& counts() const noexcept { return counters_; }

    /// Calls `update` with the counters, if the pool counts.
    template <class Update>
    PKTPOOL_ALWAYS_INLINE void count(Update update) noexcept
    {
        if constexpr (Policies::counts) {
            update(counters_);
        }
    }
    /// Hits of the next acquire from the slab, 0 or 1, if the pool counts.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE static std::size_t
    next_hits([[maybe_unused]] Slab const& slab) noexcept
    {
        return Policies::counts && slab.idle().count > 0 ? 1 : 0;
    }

    /// The newest idle packet of the slab, or a new one. Throws what source and metadata throw;
    /// nothing has changed then. The caller counts it. O(1).
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE packet* fetch(Slab& from)
    {
        return from.fetch(source_, [this, &from](packet* idle) { put_back(from, idle); });
    }
    /// A new packet. Throws the same.
    [[nodiscard]] packet* make(Slab& from, std::size_t capacity)
    {
        return from.make(source_, capacity);
    }
    /// Takes back a packet of an acquire that failed.
    void undo(Slab& from, packet* p, bool was_hit) noexcept
    {
        if (was_hit) {
            put_back(from, p);
        } else {
            from.undo_make(source_, p);
        }
    }

    /// Keeps a packet without metadata if the slab and the bound on idle bytes allow it. O(1), with
    /// a bound O(buckets).
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE bool store(Slab& to, packet* p) noexcept
    {
        return one_more_allowed(to) && to.store(p);
    }
    /// Frees a packet without metadata.
    void free_retired(Slab& from, packet* p) noexcept { from.free_retired(source_, p); }

    /// Makes as many idle packets as the slab lacks to `packets`. Throws std::length_error if so
    /// many may not be idle, and what source and metadata throw; nothing has changed then.
    /// O(packets).
    void reserve(std::size_t index, std::size_t packets)
    {
        auto& slab = slabs_[index];
        if (auto const most = most_idle(slab); packets > most) {
            throw_too_large("a number of idle packets", packets, most,
                            "raise the limit of the bucket, or max_idle_bytes");
        }
        auto const missing = packets - std::min(packets, slab.idle().count);
        std::size_t made = 0;
        try {
            for (; made < missing; ++made) {
                packet* const p = slab.make_idle(source_);
                if (!one_more_allowed(slab) || !slab.store_unused(p)) {
                    slab.free(source_, p); // the source released packets that took the slots
                    break;
                }
            }
        } catch (...) {
            while (made > 0 && slab.free_unused(source_)) {
                --made;
            }
            count([&](auto& c) { c.reserved(index, made); }); // the source acquired the rest
            throw;
        }
        count([&](auto& c) { c.reserved(index, made); });
    }

    /// Asks each slab how many of its oldest packets to free before the first is freed: packets
    /// that the source releases meanwhile stay. O(packets freed).
    void decay() noexcept
    {
        auto const packets = of_each([](Slab& each) { return each.surplus(); });
        for (std::size_t i = 0; i < packets.size(); ++i) {
            auto const freed = slabs_[i].free_oldest(source_, packets[i]);
            count([&](auto& c) { c.decayed(i, freed); });
            slabs_[i].shrink_slots();
        }
    }
    /// Frees all packets that are idle now. O(packets).
    void trim() noexcept
    {
        auto const packets = of_each([](Slab& each) { return each.mark().idle; });
        for (std::size_t i = 0; i < packets.size(); ++i) {
            auto const freed = slabs_[i].free_oldest(source_, packets[i]);
            count([&](auto& c) { c.trimmed(i, freed); });
        }
    }

    /// Frees all idle packets and keeps no other. Counts nothing.
    void free_all() noexcept
    {
        for (Slab& each : slabs_.all()) {
            each.free_all(source_);
        }
    }
    /// Takes source and idle packets of another set, which is as new then.
    void take_over(slab_set& other) noexcept
    {
        free_all();
        source_ = other.source_;
        slabs_.take_over(other.slabs_);
    }

    [[nodiscard]] idle_packets idle() const noexcept
    {
        idle_packets sum;
        for (Slab const& each : slabs_.all()) {
            sum.count += each.idle().count;
            sum.bytes += each.idle().bytes;
        }
        return sum;
    }
    /// Idle and outstanding.
    [[nodiscard]] bool has_packets() const noexcept
    {
        return std::ranges::any_of(slabs_.all(), [](Slab const& each) { return each.total() > 0; });
    }

private:
    static constexpr std::size_t most_idle_bytes = Policies::most_idle_bytes;
    static constexpr bool has_bound = most_idle_bytes != no_idle_bound::most_idle_bytes;

    [[nodiscard]] auto of_each(auto number) noexcept
    {
        std::array<std::uint32_t, Slabs::buckets> numbers{};
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            numbers[i] = number(slabs_[i]);
        }
        return numbers;
    }

    /// How many packets may be idle in the slab beside those of the others.
    [[nodiscard]] std::size_t most_idle(Slab const& slab) const noexcept
    {
        auto const others = idle().bytes - slab.idle().bytes;
        return std::min<std::size_t>(slab.ceiling(),
                                     (most_idle_bytes - others) / slab.bytes_each());
    }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE bool
    one_more_allowed([[maybe_unused]] Slab const& slab) const noexcept
    {
        return !has_bound || idle().bytes + slab.bytes_each() <= most_idle_bytes;
    }

    /// Stores a packet that a failed operation popped. If user code has filled the slab meanwhile,
    /// the packet is freed and counts as acquired and released.
    PKTPOOL_NOINLINE void put_back(Slab& to, packet* idle) noexcept
    {
        if (!store(to, idle)) {
            to.free(source_, idle);
            count([&](auto& c) {
                c.acquired(to.index(), 1, 1);
                c.returned(to.index(), false);
            });
        }
    }

    Slabs slabs_; // first: an acquire adds no offset to their address
    PKTPOOL_NO_UNIQUE_ADDRESS source_type source_;
    struct no_counters {};
    PKTPOOL_NO_UNIQUE_ADDRESS
    std::conditional_t<Policies::counts, counters<Slabs::buckets>, no_counters> counters_;
};

} // namespace pktpool
