// A slab: the idle packets of one bucket.
module;
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <source_location>
#include <type_traits>
#include <utility>

#include <gsl/assert>
#include <gsl/narrow>
#include <gsl/pointers>

#include "no_unique_address.hpp"

export module pktpool:slab;

import :error;
import :source;
import :buckets;
import :packet;
import :threading;
import :retention;
import :policies;

namespace pktpool
{

/// Idle packets: how many, and the bytes that they take with their headers.
export struct idle_packets {
    std::size_t count = 0;
    std::size_t bytes = 0;

    friend bool operator==(idle_packets const&, idle_packets const&) = default;
};

/// Slots that a ring for up to `limit` packets needs: positions wrap by a mask.
constexpr std::uint32_t ring_slots(std::size_t limit) noexcept
{
    return std::bit_ceil(gsl::narrow_cast<std::uint32_t>(limit));
}

static_assert(ring_slots(0) == 1 && ring_slots(10) == 16 && ring_slots(max_bucket_limit) == 65536);

/// Pointers to idle packets, newest on top, in slots that somebody else owns. The packets
/// themselves are neither read nor written while they are idle: a write after release cannot
/// corrupt the slab, and a pop does not wait for a cold header. Positions run freely and wrap with
/// their type.
template <class Packet>
class idle_ring
{
public:
    idle_ring() = default;
    idle_ring(Packet** slots, std::uint32_t slot_count) noexcept
        : slots_(slots),
          mask_(slot_count - 1)
    {
    }

    [[nodiscard]] std::uint32_t size() const noexcept { return top_ - bottom_; }
    [[nodiscard]] bool empty() const noexcept { return top_ == bottom_; }

    void push(Packet* packet) noexcept { slots_[top_++ & mask_] = packet; }
    [[nodiscard]] Packet* pop_newest() noexcept { return slots_[--top_ & mask_]; }
    [[nodiscard]] Packet* pop_oldest() noexcept { return slots_[bottom_++ & mask_]; }

    /// Points to the slots that the old ones were copied to.
    void rebase(Packet** slots) noexcept { slots_ = slots; }
    void forget() noexcept { bottom_ = top_; }

private:
    Packet** slots_ = nullptr;
    std::uint32_t mask_ = 0;
    std::uint32_t top_ = 0;
    std::uint32_t bottom_ = 0;
};

/// One bucket at work: its ring, its numbers, its retention. Slab and pool are made of these.
template <class Packet, packet_source Source, retention_policy Retention>
class bucket_cache : private Retention
{
    using metadata = typename Packet::metadata;

public:
    bucket_cache() = default;
    bucket_cache(bucket const& which, std::uint8_t index, Packet** slots) noexcept
        : idle_(slots, ring_slots(which.limit)),
          limit_(gsl::narrow_cast<std::uint32_t>(which.limit)),
          capacity_(gsl::narrow_cast<std::uint16_t>(which.size)),
          index_(index)
    {
    }

    /// The newest idle packet, reset; else a new one.
    [[nodiscard]] Packet* take(Source& source)
    {
        if (idle_.empty()) [[unlikely]] {
            return make_packet<Packet>(source, capacity_, index_);
        }
        metadata fresh{}; // may throw, so it comes first
        Packet* const packet = idle_.pop_newest();
        packet->reset(std::move(fresh));
        return packet;
    }

    /// Takes the packet, unless retention says that there are enough. Returns whether it did.
    [[nodiscard]] bool put(gsl::not_null<Packet*> packet) noexcept
    {
        if (!this->keeps(idle_.size(), limit_)) [[unlikely]] {
            return false;
        }
        if constexpr (!std::is_trivially_destructible_v<Packet>) {
            // What the metadata owns goes now, not at the next acquire.
            [[maybe_unused]] metadata const given_up(std::move(static_cast<metadata&>(*packet)));
        }
        idle_.push(packet.get());
        return true;
    }

    void decay(Source& source) noexcept
    {
        for (auto surplus = this->surplus(idle_.size(), limit_); surplus > 0; --surplus) {
            destroy_packet(source, idle_.pop_oldest());
        }
    }

    void clear(Source& source) noexcept
    {
        while (!idle_.empty()) {
            destroy_packet(source, idle_.pop_newest());
        }
    }

    [[nodiscard]] idle_packets idle() const noexcept
    {
        return {.count = idle_.size(), .bytes = idle_.size() * (sizeof(Packet) + capacity_)};
    }
    [[nodiscard]] std::uint16_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::uint32_t limit() const noexcept { return limit_; }

    void rebase(Packet** slots) noexcept { idle_.rebase(slots); }
    void forget() noexcept { idle_.forget(); }

private:
    idle_ring<Packet> idle_;
    std::uint32_t limit_ = 0;
    std::uint16_t capacity_ = 0;
    std::uint8_t index_ = no_bucket;
};

/// Instead of a bucket policy: size and limit of the slab are given to its constructor.
export struct runtime_bucket {
};

template <class B>
concept one_bucket_policy = bucket_policy<B> && B::buckets.size() == 1;

/// A slab's bucket: given at run time, or by a policy of exactly one bucket.
export template <class B>
concept slab_bucket = std::same_as<B, runtime_bucket> || one_bucket_policy<B>;

template <class B>
inline constexpr std::size_t inline_slots = 0;
template <bucket_policy B>
inline constexpr std::size_t inline_slots<B> = ring_slots(B::buckets.front().limit);

/// The idle packets of one bucket, most recently returned first out, oldest first decayed.
/// Moved from, it is empty and usable. Not copied. Threads: as its threading policy says.
export template <slab_bucket Bucket = runtime_bucket, threading_policy Threading = unchecked,
                 class... Policies>
    requires further_policies<Policies...>
class basic_packet_slab
{
    using policies = policy_set<Policies...>;
    using source_type = typename policies::source;
    static constexpr bool at_run_time = std::same_as<Bucket, runtime_bucket>;

public:
    using packet = typename policies::packet;
    using packet_ptr = typename policies::packet_ptr;

    /// A slab for packets of `allocate_size` bytes that keeps up to `limit` of them. Throws
    /// std::length_error above max_packet_size or max_bucket_limit. Allocates nothing.
    explicit basic_packet_slab(std::size_t allocate_size, std::size_t limit = 10,
                               source_type const& source = {})
        requires at_run_time
        : source_(source),
          cache_(checked(allocate_size, limit), no_bucket, nullptr)
    {
    }

    /// A slab for the one bucket of the policy. Allocates nothing.
    explicit basic_packet_slab(source_type const& source = {}) noexcept
        requires(!at_run_time)
        : source_(source),
          cache_(Bucket::buckets.front(), no_bucket, slots_.data())
    {
    }

    basic_packet_slab(basic_packet_slab&& other) noexcept
        : source_(other.source_),
          slots_(std::move(other.slots_)),
          cache_(other.cache_)
    {
        [[maybe_unused]] auto const held =
            other.threading_.enter("a move", std::source_location::current());
        cache_.rebase(slots());
        other.cache_.forget();
    }
    basic_packet_slab(basic_packet_slab const&) = delete;
    basic_packet_slab& operator=(basic_packet_slab const&) = delete;
    ~basic_packet_slab() { cache_.clear(source_); }

    /// The most recently returned packet with its metadata reset, else a new one of exactly
    /// allocate_size() bytes. Throws std::bad_alloc when memory is out. O(1).
    [[nodiscard]] packet_ptr alloc(std::source_location where = std::source_location::current())
    {
        [[maybe_unused]] auto const held = threading_.enter("alloc()", where);
        return packet_ptr(cache_.take(source_), typename packet_ptr::deleter_type(source_));
    }

    /// Takes the packet when there is room, else frees it; either way `p` becomes null. Returns
    /// whether it was kept; null is harmless. A packet of another capacity is refused with
    /// std::invalid_argument and stays in `p`. O(1).
    bool try_push_back(packet_ptr& p, std::source_location where = std::source_location::current())
    {
        [[maybe_unused]] auto const held = threading_.enter("try_push_back()", where);
        if (p == nullptr) {
            return false;
        }
        if (p->allocated != cache_.capacity()) {
            throw_wrong_capacity(p->allocated, cache_.capacity());
        }
        auto taken = std::move(p);
        bool const kept = same_source(taken.get_deleter().source(), source_) && has_slots() &&
                          cache_.put(taken.get());
        if (kept) {
            static_cast<void>(taken.release());
        }
        return kept;
    }

    /// Frees the oldest idle packet. O(1).
    void decay(std::source_location where = std::source_location::current()) noexcept
    {
        [[maybe_unused]] auto const held = threading_.enter("decay()", where);
        cache_.decay(source_);
    }

    /// The next use may come from another thread; see the threading policy.
    void detach() noexcept { threading_.detach(); }

    [[nodiscard]] std::size_t allocate_size() const noexcept { return cache_.capacity(); }
    [[nodiscard]] std::size_t limit() const noexcept { return cache_.limit(); }
    [[nodiscard]] idle_packets idle() const noexcept { return cache_.idle(); }

private:
    static bucket checked(std::size_t allocate_size, std::size_t limit)
    {
        if (allocate_size > max_packet_size) {
            throw_too_large("a packet size", allocate_size, max_packet_size);
        }
        if (limit > max_bucket_limit) {
            throw_too_large("a limit", limit, max_bucket_limit);
        }
        return {.size = allocate_size, .limit = limit};
    }

    [[nodiscard]] packet** slots() noexcept
    {
        if constexpr (at_run_time) {
            return slots_.get();
        } else {
            return slots_.data();
        }
    }

    /// The slots of a run-time limit come with the first packet that returns, so that neither a
    /// constructor nor a move can fail. Without memory for them packets are freed, not kept.
    [[nodiscard]] bool has_slots() noexcept
    {
        if constexpr (at_run_time) {
            if (slots_ == nullptr) {
                slots_.reset(new (std::nothrow) packet*[ring_slots(cache_.limit())]);
                cache_.rebase(slots());
            }
            return slots_ != nullptr;
        } else {
            return true;
        }
    }

    PKTPOOL_NO_UNIQUE_ADDRESS Threading threading_;
    PKTPOOL_NO_UNIQUE_ADDRESS source_type source_;
    std::conditional_t<at_run_time, std::unique_ptr<packet*[]>,
                       std::array<packet*, inline_slots<Bucket>>>
        slots_{};
    bucket_cache<packet, source_type, typename policies::retention> cache_; // refers to slots_
};

export using packet_slab = basic_packet_slab<>;

static_assert(!std::is_copy_constructible_v<packet_slab>);
static_assert(std::is_nothrow_move_constructible_v<packet_slab>);

} // namespace pktpool
