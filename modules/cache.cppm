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
#include <gsl/span>

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
/// the source, and the slots unless they grow.
template <class Packet, packet_source Source, retention_policy Retention>
class bucket_cache {
    using metadata = typename Packet::metadata;

public:
    static constexpr bool grows = Retention::ceiling(0) == no_ceiling;

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
        trim(source);
        idle_.forget();
    }

    /// The newest idle packet, reset; else a new one.
    [[nodiscard]] PKTPOOL_HOT Packet* take(Source& source)
    {
        metadata fresh{}; // may throw, so it comes first
        if (idle_.at_low_water()) {
            if (idle_.empty()) {
                return make(source, capacity_);
            }
            idle_.lower_water();
        }
        Packet* const packet = idle_.pop_newest();
        renew(*packet, std::move(fresh));
        return packet;
    }

    /// Fills a batch of null handles, or throws and changes nothing; `wrap` makes a handle.
    template <class Handle, class Wrap>
    void take(Source& source, std::size_t capacity, gsl::span<Handle> batch, Wrap wrap)
    {
        auto const fewest = idle_.fewest();
        auto const hits = std::min<std::size_t>(batch.size(), idle_.size());
        Packet* const* const idle = idle_.pop_newest(hits);
        Handle* const out = batch.data();
        std::size_t done = 0;
        try {
            for (; done < hits; ++done) {
                Packet* const packet = idle[hits - 1 - done];
                renew(*packet, metadata{});
                out[done] = wrap(packet);
            }
            for (; done < batch.size(); ++done) {
                out[done] = wrap(make(source, capacity));
            }
        } catch (...) {
            while (done > hits) {
                destroy(source, out[--done].release());
            }
            idle_.unpop(hits - done);
            while (done > 0) {
                lay_down(out[--done].release());
            }
            idle_.set_fewest(fewest);
            throw;
        }
    }

    /// Takes a retired packet, unless there are enough. Returns whether it did.
    [[nodiscard]] PKTPOOL_HOT bool put(gsl::not_null<Packet*> packet) noexcept
    {
        if (idle_.full()) [[unlikely]] {
            return false;
        }
        lay_down(packet.get());
        return true;
    }

    /// A new packet, with a slot to come back to if it has the capacity of the bucket. Throws
    /// std::bad_alloc and has then changed nothing.
    [[nodiscard]] Packet* make(Source& source, std::size_t capacity)
    {
        if constexpr (grows) {
            if (capacity == capacity_ && total_ >= idle_.ceiling()) [[unlikely]] {
                slots_.grow(idle_, total_ + 1);
            }
        }
        Packet* const packet = make_packet<Packet>(source, capacity, index_);
        ++total_;
        return packet;
    }

    /// Frees a packet that is not idle.
    PKTPOOL_RARE void destroy(Source& source, Packet* packet) noexcept
    {
        destroy_packet(source, packet);
        --total_;
    }

    /// Makes packets until `packets` are idle; when memory runs out, all that it made go again.
    void reserve(Source& source, std::uint32_t packets)
    {
        auto const before = idle_.size();
        auto const fewest = idle_.fewest();
        try {
            while (idle_.size() < packets) {
                lay_down(make(source, capacity_));
            }
        } catch (...) {
            while (idle_.size() > before) {
                destroy(source, idle_.pop_newest());
            }
            throw;
        }
        idle_.set_fewest(fewest + idle_.size() - before); // they were never outstanding
    }

    /// Frees the oldest idle packets, as many as retention says.
    void decay(Source& source) noexcept
    {
        auto surplus = retention_.surplus({.idle = idle_.size(),
                                           .fewest_idle = idle_.fewest(),
                                           .total = total_,
                                           .limit = limit_});
        Expects(surplus <= idle_.size() ||
                broken("surplus() of the retention policy is above counts.idle, the packets that "
                       "a decay can free"));
        for (; surplus > 0; --surplus) {
            destroy(source, idle_.pop_oldest());
        }
        idle_.settle();
        if constexpr (tracks_demand<Retention>) {
            idle_.set_fewest(idle_.size());
        }
        if constexpr (grows) {
            slots_.shrink(idle_, std::max(total_, limit_));
        }
    }

    /// Frees every idle packet.
    void trim(Source& source) noexcept
    {
        while (!idle_.empty()) {
            destroy(source, idle_.pop_oldest());
        }
        idle_.settle();
    }

    /// Goes on in the slots that its owner keeps for it: own_slots() of them.
    void move_to(Packet** slots) noexcept { idle_.move_to(slots, Retention::ceiling(limit_)); }
    [[nodiscard]] static constexpr std::size_t own_slots(bucket const& which) noexcept
    {
        auto const limit = gsl::narrow_cast<std::uint32_t>(which.limit);
        return grows ? 0 : stack_slots(Retention::ceiling(limit));
    }
    void forget() noexcept { idle_.forget(); }

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

    /// An idle packet with the header of a new one.
    PKTPOOL_HOT static void renew(Packet& packet, metadata&& fresh) noexcept
    {
        show(&packet, sizeof(Packet));
        packet.reset(std::move(fresh));
    }

    PKTPOOL_HOT void lay_down(Packet* packet) noexcept
    {
        hide(packet, bytes_each());
        idle_.push(packet);
    }

    idle_stack<Packet> idle_;
    std::uint32_t limit_ = 0;
    std::uint32_t total_ = 0; // idle and outstanding; means nothing where dropped handles are freed
    std::uint16_t capacity_ = 0;
    std::uint8_t index_ = no_bucket;
    PKTPOOL_NO_UNIQUE_ADDRESS Retention retention_;
    PKTPOOL_NO_UNIQUE_ADDRESS std::conditional_t<grows, growing_slots<Packet>, nothing> slots_;
};

} // namespace pktpool
