// The order of idle packets: newest out first, oldest freed first, both in one step.
module;
#include <bit>
#include <cstddef>
#include <cstdint>

#include <gsl/narrow>

export module pktpool:ring;

import :buckets;

namespace pktpool {

/// Slots that a ring for up to `packets` needs: positions wrap by a mask.
constexpr std::uint32_t ring_slots(std::size_t packets) noexcept
{
    return std::bit_ceil(gsl::narrow_cast<std::uint32_t>(packets));
}

static_assert(ring_slots(0) == 1 && ring_slots(10) == 16 && ring_slots(max_bucket_limit) == 65536);

/// Pointers to idle packets in slots that somebody else owns. The packets themselves are neither
/// read nor written while they are idle: a write after release cannot corrupt the ring, and a pop
/// does not wait for a cold header. Positions run freely and wrap with their type.
///
/// The low water is the lowest top since restart_water(). A pop from there is the only one that has
/// to look whether the ring is empty, so that the fewest idle packets are known at no cost.
template <class Packet>
class idle_ring {
public:
    idle_ring() = default;
    idle_ring(Packet** slots, std::uint32_t slot_count) noexcept
        : slots_(slots), mask_(slot_count - 1)
    {
    }

    [[nodiscard]] std::uint32_t size() const noexcept { return top_ - bottom_; }
    [[nodiscard]] std::uint32_t fewest() const noexcept { return low_ - bottom_; }
    [[nodiscard]] bool empty() const noexcept { return top_ == bottom_; }
    [[nodiscard]] bool full() const noexcept { return top_ == full_; }
    [[nodiscard]] bool at_low_water() const noexcept { return top_ == low_; }
    [[nodiscard]] std::uint32_t slot_count() const noexcept
    {
        return slots_ == nullptr ? 0 : mask_ + 1;
    }

    void push(Packet* packet) noexcept { slots_[top_++ & mask_] = packet; }
    [[nodiscard]] Packet* pop_newest() noexcept { return slots_[--top_ & mask_]; }
    [[nodiscard]] Packet* pop_oldest() noexcept
    {
        low_ += low_ == bottom_ ? 1 : 0;
        ++full_;
        return slots_[bottom_++ & mask_];
    }

    /// How many packets it holds at the most.
    [[nodiscard]] std::uint32_t ceiling() const noexcept { return full_ - bottom_; }
    void set_ceiling(std::uint32_t packets) noexcept { full_ = bottom_ + packets; }

    void lower_water() noexcept { --low_; }
    void raise_water(std::uint32_t packets) noexcept { low_ += packets; }
    void restart_water() noexcept { low_ = top_; }

    /// Goes on in other slots, at least size() of them.
    void move_to(Packet** slots, std::uint32_t slot_count) noexcept
    {
        for (auto i = bottom_; i != top_; ++i) {
            slots[i & (slot_count - 1)] = slots_[i & mask_];
        }
        slots_ = slots;
        mask_ = slot_count - 1;
    }
    void forget() noexcept
    {
        auto const packets = ceiling();
        bottom_ = low_ = top_;
        set_ceiling(packets);
    }

private:
    Packet** slots_ = nullptr;
    std::uint32_t mask_ = 0;
    std::uint32_t top_ = 0;
    std::uint32_t bottom_ = 0;
    std::uint32_t low_ = 0;
    std::uint32_t full_ = 0; // a top that has no room above it
};

} // namespace pktpool
