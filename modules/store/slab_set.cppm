// The slabs of a pool with their source, their counters and the bound on idle bytes: everything
// that happens under the lock. Exports nothing.
module;
#include "../support/attributes.hpp"

export module pktpool:store.slab_set;

import pktpool.standard;
import :support.error;
import :sizes.bucket;
import :policy.options;
import :policy.metadata;
import :store.slab_core;
import :store.counters;

namespace pktpool {

/// `Slabs` is pool_slabs or single_slab. The caller holds the lock, and calls free_all() at the
/// end.
template <class Slabs, class Slab, class Policies>
class slab_set {
public:
    using packet = typename Slab::packet_type;
    using source_type = typename Slab::source_type;
    using low_water_mark = typename Slab::low_water_mark;

    /// Whether other threads give packets back.
    static constexpr bool has_remote_list = requires(Slab& slab) { slab.returned(); };
    static constexpr bool has_bound = Policies::most_idle_bytes != no_idle_bound::most_idle_bytes;
    static constexpr bool publishes_idle_bytes = has_remote_list && has_bound;

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
    struct fetched {
        typename Slab::packet_type* packet;
        bool is_hit;
    };
    /// The newest idle packet of the slab, or a new one. `refill` is called before fewer packets
    /// are idle than before in this window, and may add some. Throws what source and metadata
    /// throw; nothing has changed then. The caller counts it. O(1).
    template <class Refill>
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE fetched fetch(Slab& from, Refill refill)
    {
        [[maybe_unused]] auto const before = from.mark();
        if (from.at_mark()) {
            refill();
            if (from.at_mark() && !from.lower_mark()) {
                return {.packet = make(from, from.capacity()), .is_hit = false};
            }
        }
        packet* const idle = from.pop();
        publish();
        if constexpr (std::is_nothrow_default_constructible_v<typename packet::metadata>) {
            return {.packet = from.revive(idle), .is_hit = true};
        } else {
            try {
                return {.packet = from.revive(idle), .is_hit = true};
            } catch (...) {
                put_back(from, idle);
                from.restore(before, 1);
                throw;
            }
        }
    }
    /// Calls `take` for up to `most` packets, the newest idle ones of the slab. Returns how many.
    /// The caller counts them. O(packets).
    template <class Take>
    PKTPOOL_ALWAYS_INLINE std::size_t fetch_idle(Slab& from, std::size_t most, Take take) noexcept
        requires has_constant_default<typename packet::metadata>
    {
        auto const packets = from.revive_some(most, take);
        publish();
        return packets;
    }
    /// A new packet. Throws the same.
    [[nodiscard]] packet* make(Slab& from, std::size_t capacity)
    {
        before_make(from);
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
        bool const stored = one_more_allowed(to) && to.store(p);
        publish();
        return stored;
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
                before_make(slab);
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
        publish();
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
            if constexpr (has_remote_list) {
                slabs_[i].returned().shrink(slabs_[i].total());
            }
        }
        publish();
    }
    /// Frees all packets that are idle now. O(packets).
    void trim() noexcept
    {
        auto const packets = of_each([](Slab& each) { return each.mark().idle; });
        for (std::size_t i = 0; i < packets.size(); ++i) {
            auto const freed = slabs_[i].free_oldest(source_, packets[i]);
            count([&](auto& c) { c.trimmed(i, freed); });
        }
        publish();
    }

    /// Counts the packets that other threads have freed.
    void count_freed_elsewhere(Slab& slab) noexcept
        requires has_remote_list
    {
        auto const [packets, drops] = slab.returned().take_freed();
        if (packets == 0 && drops == 0) {
            return;
        }
        slab.forget(gsl::narrow_cast<std::uint32_t>(packets));
        count([&](auto& c) { c.freed_elsewhere(slab.index(), packets, drops); });
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

    /// Also the packets on the list, which the owner has not taken yet.
    [[nodiscard]] idle_packets idle(std::size_t index) const noexcept
    {
        Slab const& slab = slabs_[index];
        auto sum = slab.idle();
        if constexpr (has_remote_list) {
            auto const waiting = static_cast<std::size_t>(slab.returned().waiting());
            sum.count += waiting;
            sum.bytes += waiting * slab.bytes_each();
        }
        return sum;
    }
    [[nodiscard]] idle_packets idle() const noexcept
    {
        idle_packets sum;
        for (std::size_t i = 0; i < Slabs::buckets; ++i) {
            sum.count += idle(i).count;
            sum.bytes += idle(i).bytes;
        }
        return sum;
    }

    /// Any thread. How many of `packets` the bound allows on the list of the slab. Several threads
    /// that give packets back at once do not see each other's; each may exceed the bound once.
    [[nodiscard]] std::uint32_t most_returned(Slab const& to, std::uint32_t packets) const noexcept
        requires has_remote_list
    {
        if constexpr (has_bound) {
            auto bytes = idle_bytes_.load(std::memory_order_relaxed);
            for (Slab const& each : slabs_.all()) {
                bytes += static_cast<std::size_t>(each.returned().waiting()) * each.bytes_each();
            }
            auto const free = most_idle_bytes - std::min(most_idle_bytes, bytes);
            return gsl::narrow_cast<std::uint32_t>(
                std::min<std::size_t>(packets, free / to.bytes_each()));
        } else {
            return packets;
        }
    }

    /// Idle, outstanding and on a list.
    [[nodiscard]] std::uint64_t total() const noexcept
    {
        std::uint64_t sum = 0;
        for (Slab const& each : slabs_.all()) {
            sum += each.total();
        }
        return sum;
    }

private:
    static constexpr std::size_t most_idle_bytes = Policies::most_idle_bytes;

    /// Call it before a packet is made: makes a place on the list for it.
    PKTPOOL_ALWAYS_INLINE void before_make([[maybe_unused]] Slab& of)
    {
        if constexpr (has_remote_list) {
            make_places(of);
        }
    }
    PKTPOOL_NOINLINE void make_places(Slab& of)
        requires has_remote_list
    {
        count_freed_elsewhere(of);
        if (of.total() >= of.returned().places()) {
            of.returned().make_places(of.total() + 1);
        }
    }

    [[nodiscard]] auto of_each(auto number) noexcept
    {
        std::array<std::uint32_t, Slabs::buckets> numbers{};
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            numbers[i] = number(slabs_[i]);
        }
        return numbers;
    }

    /// The idle packets have changed: shows most_returned() their bytes.
    PKTPOOL_ALWAYS_INLINE void publish() noexcept
    {
        if constexpr (publishes_idle_bytes) {
            std::size_t sum = 0;
            for (Slab const& each : slabs_.all()) {
                sum += each.idle().bytes;
            }
            idle_bytes_.store(sum, std::memory_order_relaxed);
        }
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
                c.returned(to.index(), false, 1);
            });
        }
    }

    Slabs slabs_; // first: an acquire adds no offset to their address
    PKTPOOL_NO_UNIQUE_ADDRESS source_type source_;
    struct no_counters {};
    PKTPOOL_NO_UNIQUE_ADDRESS
    std::conditional_t<Policies::counts, counters<Slabs::buckets, has_remote_list>, no_counters>
        counters_;
    struct no_idle_bytes {};
    PKTPOOL_NO_UNIQUE_ADDRESS
    std::conditional_t<publishes_idle_bytes, std::atomic<std::size_t>, no_idle_bytes> idle_bytes_{};
};

} // namespace pktpool
