// Where slabs and their slots are: those of a pool, and the single one of basic_packet_slab.
// Exports runtime_bucket.
module;
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include <gsl/narrow>

#include "../support/attributes.hpp"

export module pktpool:store.slab_storage;

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

/// In place of a bucket policy: the constructor of the slab takes capacity and limit.
export struct runtime_bucket {};

template <class B>
concept one_bucket_policy = bucket_policy<B> && B::buckets.size() == 1;

/// A single slab, which keeps every packet of its capacity.
template <class Bucket, class Slab>
class single_slab {
public:
    static constexpr std::size_t buckets = 1;

    explicit single_slab(bucket const& of) noexcept
    {
        slab_.set_bucket(of, no_bucket);
        if constexpr (!at_run_time) {
            slab_.move_to(slots_.data());
        }
    }

    [[nodiscard]] Slab& operator[](std::size_t) noexcept { return slab_; }
    [[nodiscard]] Slab const& operator[](std::size_t) const noexcept { return slab_; }
    [[nodiscard]] std::span<Slab> all() noexcept { return std::span(&slab_, 1); }
    [[nodiscard]] std::span<Slab const> all() const noexcept { return std::span(&slab_, 1); }

    /// The slab, if the packet has its capacity.
    [[nodiscard]] Slab* find(auto const& packet) noexcept
    {
        if (packet.allocated != slab_.capacity()) {
            return nullptr;
        }
        allocate_slots();
        return &slab_;
    }

    /// Takes bucket and idle packets of another one. Contract: free_all() was called for this slab.
    void take_over(single_slab& other) noexcept
    {
        slab_.set_bucket({.size = other.slab_.capacity(), .limit = other.slab_.limit()}, no_bucket);
        slab_.take_over(other.slab_);
        if constexpr (at_run_time) {
            slots_ = std::move(other.slots_);
        } else {
            slab_.move_to(slots_.data());
            other.slab_.move_to(other.slots_.data());
        }
    }

private:
    static constexpr bool at_run_time = std::same_as<Bucket, runtime_bucket>;

    static constexpr std::size_t fixed_slots = [] {
        if constexpr (at_run_time) {
            return 0;
        } else {
            return Slab::own_slots(Bucket::buckets.front());
        }
    }();
    using slots = std::conditional_t<at_run_time, std::unique_ptr<typename Slab::packet*[]>,
                                     std::array<typename Slab::packet*, fixed_slots>>;

    /// The slots of a run-time limit are allocated with the first packet to store, so that neither
    /// a constructor nor a move can fail. Without memory for them the slab refuses the packet.
    void allocate_slots() noexcept
    {
        if constexpr (at_run_time) {
            if (!slots_) {
                auto const count =
                    Slab::own_slots({.size = slab_.capacity(), .limit = slab_.limit()});
                slots_.reset(new (std::nothrow) typename Slab::packet*[count]);
                if (slots_) {
                    slab_.move_to(slots_.get());
                }
            }
        }
    }

    Slab slab_;
    slots slots_{};
};

} // namespace pktpool
