// One slab: the idle packets of one bucket, their counts and their retention.
module;
#include <gsl/assert>

#include "../support/attributes.hpp"

export module pktpool:store.slab_core;

import pktpool.standard;
import :support.error;
import :support.memory_checker;
import :sizes.bucket;
import :policy.source;
import :policy.retention;
import :policy.metadata;
import :packet.layout;
import :packet.lifecycle;
import :store.idle_stack;

namespace pktpool {

/// Idle packets: how many, and their bytes with headers.
export struct idle_packets {
    std::size_t count = 0;
    std::size_t bytes = 0;

    bool operator==(idle_packets const&) const = default;
};

/// The slab of one bucket. Its owner has the lock, the source, and the slots unless they grow.
/// Source and metadata are user code that may call the same slab again: the stack is consistent
/// whenever they are called, and every loop has a bound that such calls do not raise.
template <class Packet, packet_source Source, retention_policy Retention>
class slab_core {
    using lifecycle = packet_lifecycle<Packet>;

public:
    using packet_type = Packet;
    using source_type = Source;

    static constexpr bool grows = Retention::ceiling(0) == no_ceiling;

    slab_core() = default;
    slab_core(slab_core const&) = delete;
    slab_core& operator=(slab_core const&) = delete;
    ~slab_core() = default;

    /// Before it has slots a slab refuses every packet.
    void set_bucket(bucket const& of, std::uint8_t index) noexcept
    {
        limit_ = gsl::narrow_cast<std::uint32_t>(of.limit);
        capacity_ = gsl::narrow_cast<std::uint16_t>(of.size);
        index_ = index;
    }

    /// Frees the idle packets. From the start the slab has no slots, so it refuses every packet,
    /// also those that the source acquires and releases meanwhile. O(packets).
    void free_all(Source& source) noexcept
    {
        if constexpr (grows) {
            slots_.close(); // the loop below still reads them
        }
        for (auto idle = std::exchange(idle_, {}); !idle.empty();) {
            free(source, idle.pop_newest());
        }
    }

    [[nodiscard]] bool is_full() const noexcept { return idle_.full(); }
    /// Whether a pop would be the first one with so few idle packets.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE bool at_mark() const noexcept { return idle_.at_mark(); }
    /// Call it at the mark, before a pop. Returns whether there is an idle packet.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE bool lower_mark() noexcept
    {
        if (idle_.empty()) {
            return false;
        }
        idle_.lower_mark();
        return true;
    }
    /// The newest idle packet. Contract: there is one, and not at the mark. O(1).
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Packet* pop() noexcept { return idle_.pop_newest(); }
    /// Makes an idle packet an outstanding one with new metadata. Throws what they throw; the
    /// packet is idle then. O(1).
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Packet* revive(Packet* idle) const
    {
        return lifecycle::revive(idle, capacity_, index_);
    }
    /// Calls `take` for up to `most` of the newest idle packets, which are outstanding then.
    /// Returns how many. O(packets).
    template <class Take>
    PKTPOOL_ALWAYS_INLINE std::size_t revive_some(std::size_t most, Take take) noexcept
        requires has_constant_default<typename Packet::metadata>
    {
        auto const packets = std::min<std::size_t>(most, idle_.size());
        idle_.pop_newest(packets, [&](Packet* idle) { take(revive(idle)); });
        return packets;
    }

    /// A new outstanding packet, with a slot for its release if it has the capacity of the bucket.
    /// Throws what source and metadata throw; nothing has changed then.
    [[nodiscard]] Packet* make(Source& source, std::size_t capacity)
    {
        return count_first(capacity == capacity_,
                           [&] { return lifecycle::make(source, capacity, index_); });
    }
    /// A new idle packet, which is not in the slab yet. Throws the same.
    [[nodiscard]] Packet* make_idle(Source& source)
    {
        return count_first(true, [&] { return lifecycle::make_idle(source, capacity_, index_); });
    }

    /// Keeps a packet without metadata unless the slab is full. Returns whether it did. O(1).
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE bool store(gsl::not_null<Packet*> packet) noexcept
    {
        if (idle_.full()) [[unlikely]] {
            return false;
        }
        poison(packet, bytes_each());
        idle_.push(packet);
        return true;
    }
    /// The same for up to `most` packets that `next` gives, until it gives null. Returns how many
    /// were kept. The caller respects max_idle_bytes. O(packets).
    template <class Next>
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE std::size_t store_some(std::size_t most, Next next) noexcept
    {
        return idle_.push_some(most, [&] {
            Packet* const packet = next();
            if constexpr (memory_is_checked) {
                if (packet != nullptr) {
                    poison(packet, bytes_each());
                }
            }
            return packet;
        });
    }
    /// The same for a packet of make_idle().
    [[nodiscard]] bool store_unused(Packet* packet) noexcept
    {
        if (idle_.full()) {
            return false;
        }
        poison(packet, bytes_each());
        idle_.push_unused(packet);
        return true;
    }
    /// Frees the newest idle packet, one of store_unused(). Returns whether there was one.
    bool free_unused(Source& source) noexcept
    {
        if (idle_.empty()) {
            return false;
        }
        free(source, idle_.pop_unused());
        return true;
    }

    /// Frees a packet that was retired.
    PKTPOOL_NOINLINE void free_retired(Source& source, Packet* packet) noexcept
    {
        note_peak();
        if (index_ == no_bucket) {
            lifecycle::free_retired(source, packet);
            --total_;
        } else {
            free(source, packet); // does not read the header
        }
    }
    /// Frees a packet that a failed operation made.
    void undo_make(Source& source, Packet* packet) noexcept
    {
        lifecycle::free_retired(source, packet);
        --total_;
    }
    /// Frees an idle packet that was popped.
    void free(Source& source, Packet* packet) noexcept
    {
        lifecycle::free(source, packet, capacity_, index_);
        --total_;
    }
    /// Frees the oldest idle packets, at most `packets`. Returns how many. O(packets).
    std::uint32_t free_oldest(Source& source, std::uint32_t packets) noexcept
    {
        std::uint32_t freed = 0;
        for (; freed < packets && !idle_.empty(); ++freed) {
            note_peak();
            free(source, idle_.pop_oldest());
        }
        return freed;
    }

    /// Other threads have freed packets of this slab.
    void forget(std::uint32_t packets) noexcept
    {
        note_peak();
        total_ -= packets;
    }

    /// Asks the retention policy how many idle packets a decay frees, and begins its next window.
    [[nodiscard]] std::uint32_t surplus() noexcept
    {
        auto const idle = idle_.size();
        note_peak();
        auto const surplus = retention_.surplus({.idle = idle,
                                                 .total = total_,
                                                 .most_outstanding = most_outstanding_,
                                                 .limit = limit_});
        Expects(
            surplus <= idle ||
            report_and_end("surplus() of the retention policy is above counts.idle, the packets "
                           "that a decay can free"));
        if constexpr (tracks_demand<Retention>) {
            idle_.set_fewest(idle_.size());
            most_outstanding_ = 0;
        }
        return surplus;
    }
    /// Frees slots after a decay.
    void shrink_slots() noexcept
    {
        if constexpr (grows) {
            slots_.shrink(idle_, std::max(total_, limit_));
        }
    }

    /// Idle packets now, and the fewest of the window.
    struct low_water_mark {
        std::uint32_t idle;
        std::uint32_t fewest;
    };
    [[nodiscard]] low_water_mark mark() const noexcept
    {
        return {.idle = idle_.size(), .fewest = idle_.fewest()};
    }
    /// After a failed operation that popped packets and put them back: they were not outstanding.
    /// Does nothing if other operations lowered the mark further meanwhile.
    void restore(low_water_mark before, std::size_t popped) noexcept
    {
        auto const lowered = std::min<std::size_t>(
            before.fewest, before.idle - std::min<std::size_t>(before.idle, popped));
        if (idle_.fewest() == lowered) {
            idle_.set_fewest(std::min(before.fewest, idle_.size()));
        }
    }

    /// Moves to slots of the owner, own_slots() of them.
    void move_to(Packet** slots) noexcept { idle_.move_to(slots, Retention::ceiling(limit_)); }
    [[nodiscard]] static constexpr std::size_t own_slots(bucket const& of) noexcept
    {
        auto const limit = gsl::narrow_cast<std::uint32_t>(of.limit);
        return grows ? 0 : stack_slots(Retention::ceiling(limit));
    }

    /// Takes the idle packets of another slab of the same bucket and leaves it as if new. Both need
    /// slots then. Contract: free_all() was called for this one.
    void take_over(slab_core& other) noexcept
        requires(!grows)
    {
        idle_ = std::exchange(other.idle_, {});
        retention_ = std::move(other.retention_);
        other.retention_ = Retention();
    }

    [[nodiscard]] idle_packets idle() const noexcept
    {
        return {.count = idle_.size(), .bytes = idle_.size() * bytes_each()};
    }
    /// Bytes of one packet with its header.
    [[nodiscard]] std::size_t bytes_each() const noexcept
    {
        return packet_bytes<Packet>(capacity_);
    }
    /// Whether bucket and capacity of a packet are those of the slab. Packets of pools with other
    /// buckets may have the same type.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE bool matches(Packet const& packet) const noexcept
    {
        return packet.bucket == index_ && packet.allocated == capacity_;
    }
    [[nodiscard]] std::uint32_t total() const noexcept { return total_; }
    /// The most idle packets.
    [[nodiscard]] std::uint32_t ceiling() const noexcept { return Retention::ceiling(limit_); }
    [[nodiscard]] std::uint32_t limit() const noexcept { return limit_; }
    [[nodiscard]] std::uint16_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::uint8_t index() const noexcept { return index_; }

private:
    struct no_slots {};

    /// Counts a packet before it is made: the source may acquire further ones, which need slots
    /// too.
    template <class Make>
    [[nodiscard]] Packet* count_first([[maybe_unused]] bool needs_slot, Make make)
    {
        if constexpr (grows) {
            if (needs_slot && total_ >= idle_.ceiling()) [[unlikely]] {
                slots_.grow(idle_, total_ + 1);
            }
        }
        ++total_;
        try {
            return make();
        } catch (...) {
            --total_;
            throw;
        }
    }

    /// Idle and outstanding packets add up to the total, so while the total does not fall, most
    /// were outstanding when fewest were idle.
    void note_peak() noexcept
    {
        if constexpr (tracks_demand<Retention>) {
            most_outstanding_ = std::max(most_outstanding_, total_ - idle_.fewest());
        }
    }

    idle_stack<Packet> idle_;
    std::uint32_t limit_ = 0;
    std::uint32_t total_ = 0; // idle and outstanding; without meaning where drops free
    std::uint16_t capacity_ = 0;
    std::uint8_t index_ = no_bucket;
    PKTPOOL_NO_UNIQUE_ADDRESS Retention retention_;
    std::uint32_t most_outstanding_ = 0; // since the last decay, as noted
    PKTPOOL_NO_UNIQUE_ADDRESS std::conditional_t<grows, growing_slots<Packet>, no_slots> slots_;
};

} // namespace pktpool
