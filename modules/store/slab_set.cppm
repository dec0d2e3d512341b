// The slabs of a pool with their source, their counters and the bound on idle bytes: everything
// that happens under the lock. Exports nothing.
module;
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "../support/attributes.hpp"

export module pktpool:store.slab_set;

import :support.error;
import :policy.options;
import :store.slab_core;
import :store.counters;

namespace pktpool {

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
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE auto& count() noexcept { return counters_; }
    [[nodiscard]] auto const& count() const noexcept { return counters_; }

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
            counters_.reserved(index, made); // the source acquired the rest
            throw;
        }
        counters_.reserved(index, made);
    }

    /// Asks each slab how many of its oldest packets to free before the first is freed: packets
    /// that the source releases meanwhile stay. O(packets freed).
    void decay() noexcept
    {
        auto const packets = of_each([](Slab& each) { return each.surplus(); });
        for (std::size_t i = 0; i < packets.size(); ++i) {
            counters_.decayed(i, slabs_[i].free_oldest(source_, packets[i]));
            slabs_[i].shrink_slots();
        }
    }
    /// Frees all packets that are idle now. O(packets).
    void trim() noexcept
    {
        auto const packets = of_each([](Slab& each) { return each.mark().idle; });
        for (std::size_t i = 0; i < packets.size(); ++i) {
            counters_.trimmed(i, slabs_[i].free_oldest(source_, packets[i]));
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
            counters_.acquired(to.index(), 1, 1);
            counters_.returned(to.index(), false);
        }
    }

    Slabs slabs_; // first: an acquire adds no offset to their address
    PKTPOOL_NO_UNIQUE_ADDRESS source_type source_;
    PKTPOOL_NO_UNIQUE_ADDRESS counters<Policies::counts, Slabs::buckets> counters_;
};

} // namespace pktpool
