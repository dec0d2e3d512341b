// The pool: the slabs of a bucket policy behind one acquire and release.
module;
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <gsl/assert>

#include "pktpool_attributes.hpp"

export module pktpool:pool;

import :error;
import :source;
import :buckets;
import :room;
import :life;
import :packet;
import :threading;
import :retention;
import :policies;
import :cache;
import :guard;
import :statistics;
import :core;
import :places;

namespace pktpool {

/// A view that std::span takes no temporary of, gsl::span for one.
template <class View, class T>
concept other_view_of = !std::convertible_to<View, std::span<T>> && requires(View view) {
    { view.data() } -> std::same_as<T*>;
    { view.size() } -> std::convertible_to<std::size_t>;
};

/// Hands out packets of the sizes of a bucket policy and keeps the returned ones for reuse. Handles
/// may outlive it, and any thread may then drop them, one at a time. Moved from, it is as new. With
/// limits that are known at compile time it owns no heap memory but its idle packets. Where it
/// hears of dropped handles (return_on_drop, counted, hardened) a handle is two pointers, the slabs
/// are on the heap, too, and its thread rules hold for drops.
///
/// Threads: as its threading policy says, for every function. The source and the constructor of
/// metadata are called inside of what the policy guards, the destructor of metadata outside. A move
/// and the destructor want the pools that they are about for themselves, on any thread for the
/// destructor; a move leaves both unbound.
///
/// Source and metadata may call the pool that they serve, from whatever it calls of theirs.
export template <bucket_policy Buckets = libtorrent_buckets,
                 threading_policy Threading = single_threaded, class... Policies>
    requires further_policies<Policies...>
class basic_packet_pool {
    using policies = policy_set<room_of<Buckets>, Policies...>;
    using source_type = typename policies::source;
    using core = pool_core<Buckets, Threading, policies>;
    using place = std::conditional_t<core::hears_of_drops, core_on_heap<core>, core_in_pool<core>>;
    using here = std::source_location;

public:
    using packet = typename policies::packet;
    using packet_ptr = typename core::packet_ptr;

    basic_packet_pool() noexcept
        requires std::is_nothrow_default_constructible_v<source_type>
        : basic_packet_pool(source_type{})
    {
    }

    /// A pool over a source with state.
    explicit basic_packet_pool(source_type const& source) noexcept : place_(source) {}

    basic_packet_pool(basic_packet_pool&& other, here where = here::current()) noexcept
        : place_(other.place_.source())
    {
        take_over(other, where);
    }
    /// A report of another thread cannot name the place of an assignment.
    basic_packet_pool& operator=(basic_packet_pool&& other) noexcept
    {
        if (this != &other) {
            take_over(other, {});
        }
        return *this;
    }
    ~basic_packet_pool() = default;

    /// A packet of the smallest bucket with capacity >= `size` bytes, above the largest bucket one
    /// of exactly `size`. Its metadata is `Metadata{}`, its buffer untouched, and `size` bytes of
    /// that are the caller's. Throws std::length_error above max_packet_size and for a negative
    /// size, std::bad_alloc when memory is out, and what the metadata throws; the pool is then as
    /// before. O(1).
    [[nodiscard]] PKTPOOL_HOT packet_ptr acquire(byte_count size, here where = here::current())
    {
        auto& core = place_.open();
        [[maybe_unused]] auto const held = core.enter("acquire()", where);
        if (size > largest) [[unlikely]] {
            return core.acquire_exact(size, where);
        }
        return core.acquire(bucket_index<Buckets>(size), size, where);
    }

    /// The same for a size that is known when the caller is compiled, look-up included.
    template <std::size_t Size>
        requires(Size <= max_packet_size)
    [[nodiscard]] PKTPOOL_HOT packet_ptr acquire(here where = here::current())
    {
        auto& core = place_.open();
        [[maybe_unused]] auto const held = core.enter("acquire()", where);
        if constexpr (Size > largest) {
            return core.acquire_exact(Size, where);
        } else {
            return core.acquire(bucket_index<Buckets>(Size), Size, where);
        }
    }

    /// Fills the batch with packets for `size` bytes each, as recvmmsg(2) wants them. Handles that
    /// were in it are dropped first. Throws as acquire does, and then the batch is empty and the
    /// pool has every idle packet that it had. O(packets), with one check and one look-up.
    void acquire(byte_count size, std::span<packet_ptr> batch, here where = here::current())
    {
        for (auto& p : batch) {
            p.reset();
        }
        place_.open().acquire(size, batch, where);
    }
    /// The same for a temporary view of another library.
    template <other_view_of<packet_ptr> View>
    void acquire(byte_count size, View&& batch, // NOLINT(*-missing-std-forward): lvalues are spans
                 here where = here::current())
    {
        acquire(size, std::span<packet_ptr>(batch.data(), batch.size()), where);
    }

    /// Keeps a bucket's packet for reuse while there is room for it, frees any other. Null is
    /// harmless. Never throws, never allocates. O(1).
    PKTPOOL_HOT void release(packet_ptr p, here where = here::current()) noexcept
    {
        if constexpr (core::hears_of_drops) { // it goes back to the pool that it came from
            if (p) [[likely]] {
                auto const from = p.get_deleter();
                from.slab().core().take_back(p.release(), from, way_back::released, ledger(),
                                             where);
            } else if (auto const* const core = place_.find()) {
                core->check_door("release()", where);
            }
        } else {
            auto const from = p.get_deleter();
            place_.open().take_back(p.release(), from, way_back::released, nullptr, where);
        }
    }

    /// Releases every packet of the batch and leaves it full of null, as after sendmmsg(2).
    void release(std::span<packet_ptr> batch, here where = here::current()) noexcept
    {
        if (auto* const core = place_.find()) {
            core->take_back(batch, where);
        } else {
            for (auto& p : batch) {
                release(std::move(p), where);
            }
        }
    }
    /// The same for a temporary view of another library.
    template <other_view_of<packet_ptr> View>
    void release(View&& batch, // NOLINT(*-missing-std-forward): lvalues are spans
                 here where = here::current()) noexcept
    {
        release(std::span<packet_ptr>(batch.data(), batch.size()), where);
    }

    /// Moves what the packet holds, metadata and used bytes, to one of the smallest bucket that has
    /// room for them, and releases the larger: so that a small datagram that is kept does not pin
    /// the buffer that it was received into. Returns whether it moved; null is harmless. With
    /// headroom and tailroom the used bytes stay where they were from the start of the datagram on,
    /// so that headroom() does not fall, and the tailroom is new. Throws as acquire does, and the
    /// packet is then as before. O(used bytes).
    bool shrink_to_bucket(packet_ptr& p, here where = here::current())
    {
        if (auto const* const core = place_.find()) {
            core->check_door("shrink_to_bucket()", where);
        }
        if (!p) {
            return false;
        }
        auto const size = p->datagram_bytes(construction_key{}, where);
        auto const index = bucket_index<Buckets>(size);
        if (index == bucket_count<Buckets> || Buckets::buckets[index].size >= p->allocated) {
            return false;
        }
        auto smaller = acquire(size, where);
        smaller->take_contents(construction_key{}, *p);
        std::swap(p, smaller);
        release(std::move(smaller), where);
        return true;
    }

    /// Gives idle packets back to the source, the oldest first, as many as the retention policy
    /// says: with fixed_limit one a bucket. Call it on a timer.
    void decay(here where = here::current()) noexcept
    {
        if (auto* const core = place_.find()) {
            [[maybe_unused]] auto const held = core->enter("decay()", where);
            core->decay();
        }
    }

    /// Gives all idle packets back to the source. O(packets).
    void trim(here where = here::current()) noexcept
    {
        if (auto* const core = place_.find()) {
            [[maybe_unused]] auto const held = core->enter("trim()", where);
            core->trim();
        }
    }

    /// Makes as many packets as are missing to `packets` idle ones of the bucket for `size`; from
    /// then on decay treats them like any other. Throws std::length_error for a size above the
    /// largest bucket and for more packets than the retention policy or the bound on idle bytes
    /// lets be idle, std::bad_alloc when memory is out; the pool is then as before. O(packets).
    void reserve(byte_count size, std::size_t packets, here where = here::current())
    {
        auto& core = place_.open();
        [[maybe_unused]] auto const held = core.enter("reserve()", where);
        if (size > largest) {
            throw_too_large("a size to reserve", size, largest,
                            "packets above the largest bucket are not kept");
        }
        core.reserve(bucket_index<Buckets>(size), packets);
    }

    /// The next use binds the pool anew; see the threading policy.
    void detach() noexcept
    {
        if (auto* const core = place_.find()) {
            core->detach();
        }
    }

    /// The idle packets of one bucket. Contract: `index < bucket_count<Buckets>`.
    [[nodiscard]] idle_packets idle(std::size_t index, here where = here::current()) const noexcept
    {
        Expects(index < bucket_count<Buckets> ||
                broken("idle() was asked for a bucket that the policy does not have", where));
        if (auto const* const core = place_.find()) {
            [[maybe_unused]] auto const held = core->enter("idle()", where);
            return core->slabs()[index].idle();
        }
        return {};
    }

    /// The idle packets of all buckets.
    [[nodiscard]] idle_packets idle(here where = here::current()) const noexcept
    {
        if (auto const* const core = place_.find()) {
            [[maybe_unused]] auto const held = core->enter("idle()", where);
            return core->slabs().idle();
        }
        return {};
    }

    /// What the pool did so far. O(buckets).
    [[nodiscard]] pool_statistics<bucket_count<Buckets>>
    statistics(here where = here::current()) const noexcept
        requires policies::statistics::counts
    {
        if (auto const* const core = place_.find()) {
            [[maybe_unused]] auto const held = core->enter("statistics()", where);
            return core->statistics();
        }
        return nothing_counted<bucket_count<Buckets>>(Buckets::buckets);
    }

    /// Where the packets were acquired that are out, most packets first. Throws std::bad_alloc.
    /// O(n log n) for n packets whose place was recorded.
    [[nodiscard]] std::vector<outstanding_packets> outstanding(here where = here::current()) const
        requires policies::care::hardened
    {
        if (auto const* const core = place_.find()) {
            [[maybe_unused]] auto const held = core->enter("outstanding()", where);
            return core->ledger().outstanding();
        }
        return {};
    }

private:
    static constexpr std::size_t largest = Buckets::buckets.back().size;

    /// Only a guard asks which pool a packet was brought to.
    [[nodiscard]] PKTPOOL_HOT typename core::ledger_type const* ledger() const noexcept
    {
        if constexpr (policies::care::hardened) {
            if (auto const* const core = place_.find()) {
                return &core->ledger();
            }
        }
        return nullptr;
    }

    /// One door after the other: two pools that are moved both ways cannot wait for each other.
    void take_over(basic_packet_pool& other, here where) noexcept
    {
        if (auto const* const core = place_.find()) {
            core->check_door("a move to a pool", where);
        }
        if (auto const* const core = other.place_.find()) {
            core->check_door("a move from a pool", where);
        }
        place_.take_over(other.place_);
        detach();
        other.detach();
    }

    place place_;
};

export using packet_pool = basic_packet_pool<>;

static_assert(std::is_same_v<packet_pool::packet_ptr, packet_ptr>);
static_assert(std::is_nothrow_default_constructible_v<packet_pool>);
static_assert(std::is_nothrow_move_constructible_v<packet_pool>);
static_assert(!std::is_copy_constructible_v<packet_pool>);
static_assert(sizeof(basic_packet_pool<libtorrent_buckets, unchecked>) ==
                  2 * 30 * sizeof(void*) +
                      4 * sizeof(bucket_cache<packet, heap_source, fixed_limit>),
              "the policies that cost nothing at run time take no byte");

} // namespace pktpool
