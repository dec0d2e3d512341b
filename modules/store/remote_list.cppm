// The packets of one slab that other threads than the owner have given back. Exports nothing.
module;
#include "../support/attributes.hpp"

export module pktpool:store.remote_list;

import pktpool.standard;

namespace pktpool {

/// Why a packet comes back.
enum class return_reason : std::uint8_t { release, drop };

/// A list of pointers in rings. Any thread claims places of the newest ring with one atomic
/// addition and then fills them; the owner empties the places in their order. The packets
/// themselves are not touched, so the owner does not wait for a cache miss of a header.
///
/// Contract: the owner calls make_places() before it makes a packet. Then a place is claimed again
/// only after the owner has emptied it: more claims than places contain one packet twice, and
/// between the two the owner took it from the list.
///
/// The tail holds the number of the newest ring and the position of the next claim. So a larger or
/// a smaller ring takes the place of another with one exchange: every claim knows its ring, and the
/// owner knows how many claims a replaced ring still waits for.
///
/// Memory order: a claim is acquire and release, so that the emptying of a place happens before the
/// claim that fills it again, over the chain of claims of the tail. The entry is stored with
/// release and loaded with acquire: what the other thread did to the packet happens before its next
/// acquire.
template <class Packet>
class alignas(64) remote_list {
    using entry_word = std::uintptr_t;
    using position = std::uint64_t;
    using ring_number = std::uint32_t;

public:
    remote_list() = default;
    remote_list(remote_list const&) = delete;
    remote_list& operator=(remote_list const&) = delete;
    ~remote_list() = default;

    struct entry {
        Packet* packet = nullptr; ///< null: there is none
        return_reason reason{};
    };

    /// Places that a thread has claimed and fills. Empty if the list is closed.
    class claim {
    public:
        claim() = default;
        claim(std::atomic<entry_word>* ring, ring_number number, position first) noexcept
            : ring_(ring), number_(number), next_(first)
        {
        }
        explicit operator bool() const noexcept { return ring_ != nullptr; }

        /// After the last call the pool may be gone.
        PKTPOOL_ALWAYS_INLINE void fill(Packet* packet, return_reason reason) noexcept
        {
            auto const word = reinterpret_cast<entry_word>(packet) |
                              (reason == return_reason::drop ? drop_bit : 0) |
                              round_bit(next_, number_);
            ring_[index(next_, number_)].store(word, std::memory_order_release);
            ++next_;
        }

    private:
        std::atomic<entry_word>* ring_ = nullptr;
        ring_number number_ = 0;
        position next_ = 0;
    };

    /// Any thread. Claims places for `packets`, or none if the list is closed. O(1), wait-free.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE claim claim_places(std::uint32_t packets) noexcept
    {
        auto const word = tail_.fetch_add(packets, std::memory_order_acq_rel);
        auto const number = ring_of(word);
        return number == closed ? claim() : claim(rings_[number], number, position_of(word));
    }
    /// Any thread. Counts a packet that it freed. False if the list is closed. O(1), wait-free.
    [[nodiscard]] bool count_freed(return_reason reason) noexcept
    {
        if (reason == return_reason::drop) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
        }
        return ring_of(freed_.fetch_add(1, std::memory_order_acq_rel)) != closed;
    }
    /// Any thread. Packets given back so far, and those that the owner has taken. The numbers are
    /// of slightly different moments while other threads give packets back.
    [[nodiscard]] std::uint64_t given_back() const noexcept
    {
        return earlier_.load(std::memory_order_relaxed) +
               position_of(tail_.load(std::memory_order_relaxed)) +
               position_of(freed_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] std::uint64_t taken() const noexcept
    {
        return taken_.load(std::memory_order_relaxed) +
               taken_freed_.load(std::memory_order_relaxed);
    }
    /// Any thread. Packets on the list; too few for a moment, while the owner replaces a ring.
    [[nodiscard]] std::uint64_t waiting() const noexcept
    {
        auto const taken = taken_.load(std::memory_order_relaxed);
        auto const claimed = earlier_.load(std::memory_order_relaxed) +
                             position_of(tail_.load(std::memory_order_relaxed));
        return claimed - std::min(claimed, taken);
    }

    // The owner calls the functions from here on.

    /// The next packet. A thread between claim and fill hides the packets behind its own in the
    /// same ring. O(1), wait-free.
    [[nodiscard]] entry take() noexcept
    {
        for (auto* link = &oldest_; *link != nullptr;) {
            ring& each = **link;
            if (each.next == each.end) {
                rings_[each.number] = nullptr;
                link->reset(each.newer.release());
                continue;
            }
            auto const word =
                each.entries[index(each.next, each.number)].load(std::memory_order_acquire);
            if ((word & round_mask) == round_bit(each.next, each.number)) {
                ++each.next;
                add(taken_, 1);
                return {.packet = reinterpret_cast<Packet*>(word & ~(drop_bit | round_mask)),
                        .reason =
                            (word & drop_bit) != 0 ? return_reason::drop : return_reason::release};
            }
            link = &each.newer;
        }
        return {};
    }
    struct freed_packets {
        std::uint64_t packets;
        std::uint64_t drops; ///< of the packets
    };
    /// What count_freed() has counted since the last call, until the list was closed.
    [[nodiscard]] freed_packets take_freed() noexcept
    {
        auto const drops = dropped_.load(std::memory_order_relaxed);
        auto const freed =
            is_closed_ ? freed_at_close_ : position_of(freed_.load(std::memory_order_acquire));
        auto const packets = freed - taken_freed_.load(std::memory_order_relaxed);
        add(taken_freed_, packets);
        return {.packets = packets, .drops = drops - std::exchange(taken_drops_, drops)};
    }

    [[nodiscard]] std::uint32_t places() const noexcept { return places_; }

    /// Makes places for `packets`, unless the list is closed. Throws std::bad_alloc; nothing has
    /// changed then. O(packets).
    PKTPOOL_NOINLINE void make_places(std::uint32_t packets)
    {
        if (!is_closed_) {
            begin_ring(number_for(packets));
        }
    }
    /// Frees most of the places if `packets` need at most a quarter of them. O(packets).
    void shrink(std::uint32_t packets) noexcept
    {
        auto const number = number_for(packets);
        if (is_closed_ || places_of(number) > places_ / 4) {
            return;
        }
        try {
            begin_ring(number);
        } catch (std::bad_alloc const&) {
            return; // keeps the larger one
        }
    }

    /// From now on nothing is put on the list. A thread between claim and fill still has to come:
    /// take() until is_settled().
    void close() noexcept
    {
        is_closed_ = true;
        end_newest(tail_.exchange(first_word(closed), std::memory_order_acq_rel));
        freed_at_close_ =
            position_of(freed_.fetch_or(first_word(closed), std::memory_order_acq_rel));
    }
    [[nodiscard]] bool is_settled() const noexcept { return oldest_ == nullptr; }

private:
    struct ring {
        explicit ring(ring_number of)
            : number(of), entries(std::make_unique<std::atomic<entry_word>[]>(places_of(of)))
        {
        }

        ring_number number;
        position next = 0;
        position end = std::numeric_limits<position>::max(); // of a replaced ring: its claims
        std::unique_ptr<std::atomic<entry_word>[]> entries;
        std::unique_ptr<ring> newer;
    };

    static constexpr ring_number rings = 26; // the largest has 2^30 places
    static constexpr ring_number closed = 63;
    static constexpr unsigned position_bits = 58;
    static constexpr entry_word round_mask = 1;
    static constexpr entry_word drop_bit = 2; // packets are aligned to 16 bytes

    static constexpr std::uint32_t places_of(ring_number number) noexcept
    {
        return std::uint32_t{32} << number;
    }
    static constexpr std::size_t index(position at, ring_number number) noexcept
    {
        return static_cast<std::size_t>(at & (places_of(number) - 1));
    }
    /// Changes with each round through the ring, so a place need not be cleared: an entry with the
    /// other bit is of the round before.
    static constexpr entry_word round_bit(position at, ring_number number) noexcept
    {
        return static_cast<entry_word>((at / places_of(number)) & 1) ^ 1;
    }
    static constexpr std::uint64_t first_word(ring_number number) noexcept
    {
        return std::uint64_t{number} << position_bits;
    }
    static constexpr ring_number ring_of(std::uint64_t word) noexcept
    {
        return static_cast<ring_number>(word >> position_bits);
    }
    static constexpr position position_of(std::uint64_t word) noexcept
    {
        return word & (first_word(1) - 1);
    }

    /// For numbers that only the owner writes.
    static void add(std::atomic<std::uint64_t>& number, std::uint64_t more) noexcept
    {
        number.store(number.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }

    /// The smallest ring for so many packets whose number no replaced ring has.
    [[nodiscard]] ring_number number_for(std::uint32_t packets) const noexcept
    {
        ring_number number = 0;
        while (places_of(number) < packets || rings_[number] != nullptr) {
            ++number;
        }
        return number;
    }
    void begin_ring(ring_number number)
    {
        auto fresh = std::make_unique<ring>(number);
        rings_[number] = fresh->entries.get();
        end_newest(tail_.exchange(first_word(number), std::memory_order_acq_rel));
        places_ = places_of(number);
        auto* const added = fresh.get();
        (newest_ == nullptr ? oldest_ : newest_->newer) = std::move(fresh);
        newest_ = added;
    }
    void end_newest(std::uint64_t tail) noexcept
    {
        add(earlier_, position_of(tail));
        if (newest_ != nullptr) {
            newest_->end = position_of(tail);
        }
    }

    // Other threads write the first three and read the rings.
    std::atomic<std::uint64_t> tail_ = 0;  // number of the newest ring, position of the next claim
    std::atomic<std::uint64_t> freed_ = 0; // closed or not, packets
    std::atomic<std::uint64_t> dropped_ = 0;
    std::array<std::atomic<entry_word>*, rings> rings_{};

    alignas(64) std::unique_ptr<ring> oldest_;
    ring* newest_ = nullptr;
    std::uint32_t places_ = 0; // of the newest ring
    bool is_closed_ = false;
    std::uint64_t taken_drops_ = 0;
    std::uint64_t freed_at_close_ = 0;
    std::atomic<std::uint64_t> earlier_ = 0; // claims of replaced rings
    std::atomic<std::uint64_t> taken_ = 0;
    std::atomic<std::uint64_t> taken_freed_ = 0;
};

} // namespace pktpool
