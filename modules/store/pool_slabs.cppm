// The slabs of basic_packet_pool and their slots. Exports nothing.
module;
#include "../support/attributes.hpp"

export module pktpool:store.pool_slabs;

import pktpool.standard;
import :sizes.bucket;

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

    /// The slab of the packet's bucket and capacity, or null.
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
    std::array<typename Slab::packet_type*, slot_offsets.back()> slots_;
};

} // namespace pktpool
