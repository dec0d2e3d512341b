// The order of idle packets: newest out first, oldest freed first, both in one step.
module;
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include <gsl/narrow>

#include "pktpool_attributes.hpp"

export module pktpool:stack;

namespace pktpool {

/// Slots that a stack for up to `packets` needs. The oldest leave at the bottom, so the rest stands
/// ever higher, until as many have left as stay and the rest moves down: twice as many slots are
/// enough, and each packet that leaves pays for one that moves.
constexpr std::size_t stack_slots(std::uint32_t packets) noexcept
{
    return std::size_t{2} * packets;
}

/// Pointers to idle packets, in slots that somebody else owns. The packets themselves are neither
/// read nor written while they are idle: a write after release cannot corrupt the stack, and a pop
/// does not wait for a cold header.
///
/// The low water is the lowest top since set_fewest(size()). A pop from there is the only one that
/// has to look whether the stack is empty, so that the fewest idle packets are known at no cost.
template <class Packet>
class idle_stack {
public:
    [[nodiscard]] std::uint32_t size() const noexcept { return count(top_); }
    [[nodiscard]] std::uint32_t fewest() const noexcept { return count(low_); }
    [[nodiscard]] std::uint32_t ceiling() const noexcept { return count(full_); }
    [[nodiscard]] bool empty() const noexcept { return top_ == oldest(); }
    [[nodiscard]] bool full() const noexcept { return top_ >= full_; }
    [[nodiscard]] bool at_low_water() const noexcept { return top_ == low_; }

    void push(Packet* packet) noexcept { *top_++ = packet; }
    /// Contract: not empty, and the caller lowers the low water where it is at the top.
    [[nodiscard]] Packet* pop_newest() noexcept { return *--top_; }

    /// Of a packet that nobody has used: the low water rises with it, and falls.
    void push_unused(Packet* packet) noexcept
    {
        push(packet);
        ++low_;
    }
    [[nodiscard]] Packet* pop_unused() noexcept
    {
        low_ -= low_ == oldest() ? 0 : 1;
        return pop_newest();
    }

    [[nodiscard]] Packet* pop_oldest() noexcept
    {
        auto* const packet = *oldest();
        low_ += low_ == oldest() ? 1 : 0;
        ++full_;
        ++gone_;
        if (gone_ >= size()) { // down to the first slot
            move_to(slots_, ceiling());
        }
        return packet;
    }

    void lower_water() noexcept { --low_; }
    void set_fewest(std::uint32_t packets) noexcept { low_ = oldest() + packets; }

    /// Goes on in stack_slots(`ceiling`) slots and holds `ceiling` packets at the most.
    void move_to(Packet** slots, std::uint32_t ceiling) noexcept
    {
        auto const fewest_left = fewest();
        top_ = std::copy(oldest(), top_, slots);
        slots_ = slots;
        gone_ = 0;
        low_ = slots + fewest_left;
        full_ = slots + ceiling;
    }

private:
    [[nodiscard]] Packet** oldest() const noexcept { return slots_ + gone_; }
    [[nodiscard]] std::uint32_t count(Packet** end) const noexcept
    {
        return gsl::narrow_cast<std::uint32_t>(end - oldest());
    }

    Packet** top_ = nullptr;
    Packet** low_ = nullptr;
    Packet** full_ = nullptr; // a top that has no room above it
    Packet** slots_ = nullptr;
    std::uint32_t gone_ = 0; // slots below the oldest
};

/// Slots of a stack without a ceiling: they grow on a miss, where memory is asked for anyway, so
/// that a packet that comes back always finds one.
template <class Packet>
class growing_slots {
public:
    /// Room for `packets`. Throws std::bad_alloc and has then changed nothing.
    PKTPOOL_RARE void grow(idle_stack<Packet>& stack, std::uint32_t packets)
    {
        auto const ceiling = std::bit_ceil(std::max(packets, fewest));
        hold(stack, std::make_unique_for_overwrite<Packet*[]>(stack_slots(ceiling)), ceiling);
    }

    /// Gives most of the slots back when `packets` need no more than a quarter of them.
    void shrink(idle_stack<Packet>& stack, std::uint32_t packets) noexcept
    {
        auto const ceiling = std::bit_ceil(std::max(packets, fewest));
        if (ceiling > stack.ceiling() / 4) {
            return;
        }
        std::unique_ptr<Packet*[]> fewer(new (std::nothrow) Packet*[stack_slots(ceiling)]);
        if (fewer) {
            hold(stack, std::move(fewer), ceiling);
        }
    }

private:
    static constexpr std::uint32_t fewest = 32; // packets; fewer are not worth a step of growth

    void hold(idle_stack<Packet>& stack, std::unique_ptr<Packet*[]> slots,
              std::uint32_t ceiling) noexcept
    {
        stack.move_to(slots.get(), ceiling);
        slots_ = std::move(slots);
    }

    std::unique_ptr<Packet*[]> slots_;
};

} // namespace pktpool
