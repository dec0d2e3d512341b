// The stack of idle packets: the newest is popped first, the oldest freed first. Exports nothing.
module;
#include "../support/attributes.hpp"

export module pktpool:store.idle_stack;

import pktpool.standard;

namespace pktpool {

/// Slots of a stack for up to `packets`. Freeing the oldest leaves free slots at the bottom. When
/// as many slots are free there as packets are left, the packets move down. So twice as many slots
/// are enough, and freeing a packet moves at most one on average.
constexpr std::size_t stack_slots(std::uint32_t packets) noexcept
{
    return std::size_t{2} * packets;
}

/// Pointers to idle packets, in slots that the owner of the stack provides. It does not read or
/// write the packets: a write after release cannot corrupt the stack, and a pop does not wait for a
/// cache miss of the header.
///
/// The low-water mark is the lowest top since set_fewest(size()). Only a pop at the mark has to
/// check whether the stack is empty, so the mark costs nothing. All functions are O(1),
/// pop_oldest() on average.
template <class Packet>
class idle_stack {
public:
    [[nodiscard]] std::uint32_t size() const noexcept { return count(top_); }
    [[nodiscard]] std::uint32_t fewest() const noexcept { return count(mark_); }
    [[nodiscard]] std::uint32_t ceiling() const noexcept { return count(full_); }
    [[nodiscard]] bool empty() const noexcept { return top_ == oldest(); }
    [[nodiscard]] bool full() const noexcept { return top_ >= full_; }
    [[nodiscard]] bool at_mark() const noexcept { return top_ == mark_; }

    void push(Packet* packet) noexcept { *top_++ = packet; }
    /// Contract: not empty. At the low-water mark the caller calls lower_mark() first.
    [[nodiscard]] Packet* pop_newest() noexcept { return *--top_; }

    /// Pops the newest `packets` and calls `take` for each. O(packets). Contract: there are so
    /// many, and `take` does not use the stack.
    template <class Take>
    PKTPOOL_ALWAYS_INLINE void pop_newest(std::size_t packets, Take take) noexcept
    {
        auto* const end = top_ - packets;
        for (auto* slot = top_; slot != end;) {
            take(*--slot);
        }
        top_ = end;
        mark_ = std::min(mark_, end);
    }

    /// Pushes up to `most` packets that `next` gives, until it gives null or the stack is full.
    /// Returns how many. O(packets). Contract: `next` does not use the stack.
    template <class Next>
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE std::size_t push_some(std::size_t most, Next next) noexcept
    {
        auto** slot = top_;
        auto** const end =
            slot + (full() ? 0 : std::min(most, static_cast<std::size_t>(full_ - top_)));
        for (; slot != end; ++slot) {
            Packet* const packet = next();
            if (packet == nullptr) {
                break;
            }
            *slot = packet;
        }
        return gsl::narrow_cast<std::size_t>(slot - std::exchange(top_, slot));
    }

    /// For a packet that was never outstanding: the low-water mark rises by one, and falls by one.
    void push_unused(Packet* packet) noexcept
    {
        push(packet);
        ++mark_;
    }
    [[nodiscard]] Packet* pop_unused() noexcept
    {
        mark_ -= mark_ == oldest() ? 0 : 1;
        return pop_newest();
    }

    [[nodiscard]] Packet* pop_oldest() noexcept
    {
        auto* const packet = *oldest();
        mark_ += mark_ == oldest() ? 1 : 0;
        ++full_;
        ++freed_;
        if (freed_ >= size()) { // move down to the first slot
            move_to(slots_, ceiling());
        }
        return packet;
    }

    void lower_mark() noexcept { --mark_; }
    void set_fewest(std::uint32_t packets) noexcept { mark_ = oldest() + packets; }

    /// Moves to other slots, stack_slots(`ceiling`) of them, for at most `ceiling` packets.
    /// O(packets).
    void move_to(Packet** slots, std::uint32_t ceiling) noexcept
    {
        auto const fewest_left = fewest();
        top_ = std::copy(oldest(), top_, slots);
        slots_ = slots;
        freed_ = 0;
        mark_ = slots + fewest_left;
        full_ = slots + ceiling;
    }

private:
    [[nodiscard]] Packet** oldest() const noexcept { return slots_ + freed_; }
    [[nodiscard]] std::uint32_t count(Packet** end) const noexcept
    {
        return gsl::narrow_cast<std::uint32_t>(end - oldest());
    }

    Packet** top_ = nullptr;
    Packet** mark_ = nullptr;
    Packet** full_ = nullptr; // the top of a full stack
    Packet** slots_ = nullptr;
    std::uint32_t freed_ = 0; // slots below the oldest packet
};

/// Slots of a stack without a ceiling. They grow at a miss, which allocates anyway, so that a
/// release always finds a free slot.
template <class Packet>
class growing_slots {
public:
    /// From now on the slots do not grow: the slab has no further use.
    void close() noexcept { closed_ = true; }

    /// Makes slots for `packets`. Throws std::bad_alloc; nothing has changed then.
    PKTPOOL_NOINLINE void grow(idle_stack<Packet>& stack, std::uint32_t packets)
    {
        if (closed_) {
            return;
        }
        auto const ceiling = std::bit_ceil(std::max(packets, fewest));
        hold(stack, std::make_unique_for_overwrite<Packet*[]>(stack_slots(ceiling)), ceiling);
    }

    /// Frees most of the slots if `packets` need at most a quarter of them.
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
    static constexpr std::uint32_t fewest = 32; // packets

    void hold(idle_stack<Packet>& stack, std::unique_ptr<Packet*[]> slots,
              std::uint32_t ceiling) noexcept
    {
        stack.move_to(slots.get(), ceiling);
        slots_ = std::move(slots);
    }

    std::unique_ptr<Packet*[]> slots_;
    bool closed_ = false;
};

} // namespace pktpool
