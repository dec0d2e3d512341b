// The slabs of a pool: one for each bucket, and one for packets above the largest, which keeps
// none.
module;
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <gsl/narrow>

#include "pktpool_attributes.hpp"

export module pktpool:slabs;

import :error;
import :source;
import :buckets;
import :policies;
import :cache;

namespace pktpool {

/// `Slab` is the bucket_cache of these policies, or derived from it.
template <bucket_policy Buckets, class Policies, class Slab>
class slab_set {
public:
    using packet = typename Policies::packet;
    using source_type = typename Policies::source;

    slab_set() noexcept
    {
        for (std::size_t i = 0; i < bucket_count<Buckets>; ++i) {
            slabs_[i].open(Buckets::buckets[i], gsl::narrow_cast<std::uint8_t>(i));
        }
        slabs_.back().open({.size = 0, .limit = 0}, no_bucket);
        find_slots();
    }

    /// Contract: `index <= bucket_count<Buckets>`.
    [[nodiscard]] PKTPOOL_HOT Slab& operator[](std::size_t index) noexcept { return slabs_[index]; }
    [[nodiscard]] PKTPOOL_HOT Slab const& operator[](std::size_t index) const noexcept
    {
        return slabs_[index];
    }
    [[nodiscard]] auto begin() noexcept { return slabs_.begin(); }
    [[nodiscard]] auto end() noexcept { return slabs_.end(); }
    /// Those that keep packets.
    [[nodiscard]] std::span<Slab, bucket_count<Buckets>> of_buckets() noexcept
    {
        return std::span(slabs_).template first<bucket_count<Buckets>>();
    }

    /// Keeps a packet without metadata if its slab and the bound on all idle bytes have room.
    [[nodiscard]] PKTPOOL_HOT bool put(Slab& slab, packet* p) noexcept
    {
        return has_room_for_one(slab) && slab.put(p);
    }
    [[nodiscard]] bool put_unused(Slab& slab, packet* p) noexcept
    {
        return has_room_for_one(slab) && slab.put_unused(p);
    }

    [[nodiscard]] idle_packets idle() const noexcept
    {
        idle_packets sum;
        for (auto const& each : slabs_) {
            sum.count += each.idle().count;
            sum.bytes += each.idle().bytes;
        }
        return sum;
    }

    /// How many packets may be idle in the slab beside those of the others.
    [[nodiscard]] std::size_t room(Slab const& slab) const noexcept
    {
        auto const others = idle().bytes - slab.idle().bytes;
        return std::min<std::size_t>(
            slab.ceiling(), (Policies::idle_bound::most_idle_bytes - others) / slab.bytes_each());
    }

    /// Frees all idle packets, and keeps no other.
    void close(source_type& source) noexcept
    {
        for (auto& each : slabs_) {
            each.close(source);
        }
    }

    /// Takes the idle packets of another set and leaves it as if new. Contract: this one is closed.
    void take_over(slab_set& other) noexcept
    {
        for (std::size_t i = 0; i < slabs_.size(); ++i) {
            slabs_[i].take_over(other.slabs_[i]);
        }
        find_slots(); // the packets move with it
        other.find_slots();
    }

private:
    static constexpr bool bounded =
        Policies::idle_bound::most_idle_bytes != unbounded_idle::most_idle_bytes;

    /// Whether the bound on all idle bytes leaves room for one more.
    [[nodiscard]] PKTPOOL_HOT bool
    has_room_for_one([[maybe_unused]] Slab const& slab) const noexcept
    {
        return !bounded ||
               idle().bytes + slab.bytes_each() <= Policies::idle_bound::most_idle_bytes;
    }

    /// Where the slots of each bucket start in the one array, and in the end their number.
    static constexpr auto slot_offsets = [] {
        std::array<std::size_t, bucket_count<Buckets> + 1> offsets{};
        for (std::size_t i = 0; i < bucket_count<Buckets>; ++i) {
            offsets[i + 1] = offsets[i] + Slab::own_slots(Buckets::buckets[i]);
        }
        return offsets;
    }();

    void find_slots() noexcept
    {
        if constexpr (!Slab::grows) {
            for (std::size_t i = 0; i < bucket_count<Buckets>; ++i) {
                slabs_[i].move_to(slots_.data() + slot_offsets[i]);
            }
        }
    }

    std::array<Slab, bucket_count<Buckets> + 1> slabs_{};
    std::array<packet*, slot_offsets.back()> slots_;
};

} // namespace pktpool
