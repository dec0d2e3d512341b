// One bucket's idle packets at work: what slab and pool are made of.
module;
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <gsl/assert>
#include <gsl/narrow>
#include <gsl/pointers>

#include "pktpool_attributes.hpp"

export module pktpool:cache;

import :error;
import :checkers;
import :source;
import :buckets;
import :life;
import :retention;
import :stack;

namespace pktpool {

/// Idle packets: how many, and the bytes that they take with their headers.
export struct idle_packets {
    std::size_t count = 0;
    std::size_t bytes = 0;

    bool operator==(idle_packets const&) const = default;
};

/// One bucket's stack of idle packets, its numbers and its retention. Who owns it has the door and
/// the source, and the slots unless they grow. Metadata and source are the user's code and may come
/// back in here: the stack is whole wherever they are called, and every loop has a bound of its
/// own.
template <class Packet, packet_source Source, retention_policy Retention>
class bucket_cache {
    using metadata = typename Packet::metadata;

public:
    static constexpr bool grows = Retention::ceiling(0) == no_ceiling;

    bucket_cache() = default;
    bucket_cache(bucket_cache const&) = delete;
    bucket_cache& operator=(bucket_cache const&) = delete;
    ~bucket_cache() = default;

    /// Before it has slots a cache refuses every packet.
    void open(bucket const& which, std::uint8_t index) noexcept
    {
        limit_ = gsl::narrow_cast<std::uint32_t>(which.limit);
        capacity_ = gsl::narrow_cast<std::uint16_t>(which.size);
        index_ = index;
    }

    /// Frees what is idle, and refuses every packet from now on.
    void close(Source& source) noexcept
    {
        for (auto idle = std::exchange(idle_, {}); !idle.empty();) {
            free(source, idle.pop_newest());
        }
    }

    /// The newest idle packet, else a new one, with new metadata. Throws what source and metadata
    /// throw and has then changed nothing, if `put_back` puts the idle packet back that it is
    /// given.
    template <class PutBack>
    [[nodiscard]] PKTPOOL_HOT Packet* take(Source& source, PutBack put_back)
    {
        [[maybe_unused]] auto const before = low_water();
        if (idle_.at_low_water()) {
            if (idle_.empty()) {
                return make(source, capacity_);
            }
            idle_.lower_water();
        }
        Packet* const idle = idle_.pop_newest();
        if constexpr (std::is_nothrow_default_constructible_v<metadata>) {
            return revive(idle, capacity_, index_);
        } else {
            try {
                return revive(idle, capacity_, index_);
            } catch (...) {
                put_back(idle);
                restore(before, 1);
                throw;
            }
        }
    }

    /// A new packet, with a slot to come back to if it has the capacity of the bucket. Throws what
    /// source and metadata throw, and has then changed nothing.
    [[nodiscard]] Packet* make(Source& source, std::size_t capacity)
    {
        return count_first(capacity == capacity_,
                           [&] { return make_packet<Packet>(source, capacity, index_); });
    }
    /// The same for an idle packet, which is not in the slab yet.
    [[nodiscard]] Packet* make_idle_packet(Source& source)
    {
        return count_first(true, [&] { return make_idle<Packet>(source, capacity_, index_); });
    }

    /// Takes a packet without metadata, unless there are enough. Returns whether it did.
    [[nodiscard]] PKTPOOL_HOT bool put(gsl::not_null<Packet*> packet) noexcept
    {
        if (idle_.full()) [[unlikely]] {
            return false;
        }
        hide(packet, bytes_each());
        idle_.push(packet);
        return true;
    }
    /// The same for one that nobody has used, and back.
    [[nodiscard]] bool put_unused(Packet* packet) noexcept
    {
        if (idle_.full()) {
            return false;
        }
        hide(packet, bytes_each());
        idle_.push_unused(packet);
        return true;
    }
    [[nodiscard]] bool free_unused(Source& source) noexcept
    {
        if (idle_.empty()) {
            return false;
        }
        free(source, idle_.pop_unused());
        return true;
    }

    /// Frees a packet that came back and has no metadata.
    PKTPOOL_RARE void destroy(Source& source, Packet* packet) noexcept
    {
        note_peak();
        free_packet(source, packet);
        --total_;
    }
    /// The same for one that a failed operation made.
    void undo_make(Source& source, Packet* packet) noexcept
    {
        free_packet(source, packet);
        --total_;
    }
    /// Frees one that was popped.
    void free(Source& source, Packet* packet) noexcept
    {
        free_packet(source, packet, capacity_, index_);
        --total_;
    }
    /// Frees the oldest idle packets, up to so many. Returns how many.
    std::uint32_t free_oldest(Source& source, std::uint32_t packets) noexcept
    {
        std::uint32_t freed = 0;
        for (; freed < packets && !idle_.empty(); ++freed) {
            note_peak();
            free(source, idle_.pop_oldest());
        }
        return freed;
    }

    /// How many of the idle packets a decay frees, as retention says; for the policy a new window
    /// of time begins.
    [[nodiscard]] std::uint32_t surplus() noexcept
    {
        auto const idle = idle_.size();
        note_peak();
        auto const surplus = retention_.surplus({.idle = idle,
                                                 .total = total_,
                                                 .most_outstanding = most_outstanding_,
                                                 .limit = limit_});
        Expects(surplus <= idle ||
                broken("surplus() of the retention policy is above counts.idle, the packets that "
                       "a decay can free"));
        if constexpr (tracks_demand<Retention>) {
            idle_.set_fewest(idle_.size());
            most_outstanding_ = 0;
        }
        return surplus;
    }
    /// After a decay: gives slots back.
    void shrink_slots() noexcept
    {
        if constexpr (grows) {
            slots_.shrink(idle_, std::max(total_, limit_));
        }
    }

    /// For a failed operation that popped packets and put them back: they were never outstanding.
    struct water_mark {
        std::uint32_t idle;
        std::uint32_t fewest;
    };
    [[nodiscard]] water_mark low_water() const noexcept
    {
        return {.idle = idle_.size(), .fewest = idle_.fewest()};
    }
    /// Unless other operations took more meanwhile.
    void restore(water_mark before, std::size_t popped) noexcept
    {
        auto const lowered = std::min<std::size_t>(
            before.fewest, before.idle - std::min<std::size_t>(before.idle, popped));
        if (idle_.fewest() == lowered) {
            idle_.set_fewest(std::min(before.fewest, idle_.size()));
        }
    }

    /// Goes on in the slots that its owner keeps for it: own_slots() of them.
    void move_to(Packet** slots) noexcept { idle_.move_to(slots, Retention::ceiling(limit_)); }
    [[nodiscard]] static constexpr std::size_t own_slots(bucket const& which) noexcept
    {
        auto const limit = gsl::narrow_cast<std::uint32_t>(which.limit);
        return grows ? 0 : stack_slots(Retention::ceiling(limit));
    }

    /// Takes the idle packets of another one of the same bucket, and leaves it as if new. Both then
    /// want slots. Contract: this one is closed.
    void take_over(bucket_cache& other) noexcept
        requires(!grows)
    {
        idle_ = std::exchange(other.idle_, {});
        total_ = std::exchange(other.total_, 0);
        most_outstanding_ = std::exchange(other.most_outstanding_, 0);
        retention_ = std::move(other.retention_);
        other.retention_ = Retention();
    }

    [[nodiscard]] idle_packets idle() const noexcept
    {
        return {.count = idle_.size(), .bytes = idle_.size() * bytes_each()};
    }
    /// Bytes that one packet takes, with its header.
    [[nodiscard]] std::size_t bytes_each() const noexcept
    {
        return packet_bytes<Packet>(capacity_);
    }
    [[nodiscard]] std::uint32_t total() const noexcept { return total_; }
    /// The most packets that it holds.
    [[nodiscard]] std::uint32_t ceiling() const noexcept { return Retention::ceiling(limit_); }
    [[nodiscard]] std::uint32_t limit() const noexcept { return limit_; }
    [[nodiscard]] std::uint16_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::uint8_t index() const noexcept { return index_; }

private:
    struct nothing {};

    /// Counts a packet before it is made: those that the source acquires meanwhile want slots of
    /// their own.
    template <class Make>
    [[nodiscard]] Packet* count_first([[maybe_unused]] bool comes_back, Make make)
    {
        if constexpr (grows) {
            if (comes_back && total_ >= idle_.ceiling()) [[unlikely]] {
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

    /// Idle and outstanding packets add up to the total, so most were outstanding when fewest were
    /// idle: until the total falls.
    void note_peak() noexcept
    {
        if constexpr (tracks_demand<Retention>) {
            most_outstanding_ = std::max(most_outstanding_, total_ - idle_.fewest());
        }
    }

    idle_stack<Packet> idle_;
    std::uint32_t limit_ = 0;
    std::uint32_t total_ = 0; // idle and outstanding; means nothing where dropped handles are freed
    std::uint16_t capacity_ = 0;
    std::uint8_t index_ = no_bucket;
    PKTPOOL_NO_UNIQUE_ADDRESS Retention retention_;
    std::uint32_t most_outstanding_ = 0; // since the last decay, as far as it was noted
    PKTPOOL_NO_UNIQUE_ADDRESS std::conditional_t<grows, growing_slots<Packet>, nothing> slots_;
};

} // namespace pktpool
