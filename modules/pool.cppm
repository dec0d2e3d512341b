// The pool: the slabs of a bucket policy behind one acquire and release.
module;
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>
#include <vector>

#include <gsl/assert>
#include <gsl/narrow>
#include <gsl/span>

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
import :own_home;
import :shared_home;

namespace pktpool {

/// Hands out packets of the sizes of a bucket policy and keeps the returned ones for reuse. Handles
/// may outlive it. Moved from, it is empty and usable. With limits that are known at compile time
/// it owns no heap memory but its idle packets. Where it hears of dropped handles (return_on_drop,
/// counted, hardened) a handle is two pointers, the slabs are on the heap, too, and its thread
/// rules hold for drops.
/// Threads: as its threading policy says; a move leaves the new pool unbound, and the destructor
/// may run on any thread that no other one uses the pool beside.
export template <bucket_policy Buckets = libtorrent_buckets,
                 threading_policy Threading = single_threaded, class... Policies>
    requires further_policies<Policies...>
class basic_packet_pool {
    using policies = policy_set<room_of<Buckets>, Policies...>;
    using source_type = typename policies::source;
    using home =
        std::conditional_t<policies::hears_of_drops, shared_home<Buckets, Threading, policies>,
                           own_home<Buckets, Threading, policies>>;
    using here = std::source_location;

public:
    using packet = typename policies::packet;
    using packet_ptr = typename home::packet_ptr;

    basic_packet_pool() noexcept
        requires std::is_nothrow_default_constructible_v<source_type>
        : basic_packet_pool(source_type{})
    {
    }

    /// A pool over a source with state.
    explicit basic_packet_pool(source_type const& source) noexcept : home_(source) {}

    basic_packet_pool(basic_packet_pool&& other) noexcept : home_(other.home_.source())
    {
        home_.take_over(other.home_, here::current());
    }
    basic_packet_pool& operator=(basic_packet_pool&& other) noexcept
    {
        if (this != &other) {
            home_.take_over(other.home_, here::current());
        }
        return *this;
    }
    ~basic_packet_pool() = default;

    /// A packet of the smallest bucket with capacity >= `size` bytes, above the largest bucket one
    /// of exactly `size`. Its metadata is reset, its buffer untouched, and `size` bytes of that are
    /// the caller's. Throws std::length_error
    /// above max_packet_size and std::bad_alloc when memory is out; the pool is then as before.
    /// O(1).
    [[nodiscard]] PKTPOOL_HOT packet_ptr acquire(std::size_t size, here where = here::current())
    {
        auto& slabs = home_.open();
        [[maybe_unused]] auto const held = slabs.enter("acquire()", where);
        if (size > Buckets::buckets.back().size) [[unlikely]] {
            return exact(size, where);
        }
        auto& slab = slabs[bucket_index<Buckets>(size)];
        return home_.handle(slabs.take(slab, size, where), slab);
    }

    /// The same for a size that is known when the caller is compiled, look-up included.
    template <std::size_t Size>
        requires(Size <= max_packet_size)
    [[nodiscard]] PKTPOOL_HOT packet_ptr acquire(here where = here::current())
    {
        auto& slabs = home_.open();
        [[maybe_unused]] auto const held = slabs.enter("acquire()", where);
        constexpr auto index = bucket_index<Buckets>(Size);
        if constexpr (index == bucket_count<Buckets>) {
            return exact(Size, where);
        } else {
            return home_.handle(slabs.take(slabs[index], Size, where), slabs[index]);
        }
    }

    /// Fills the batch with packets for `size` bytes each, as recvmmsg(2) wants them. Handles that
    /// were in it are dropped first. Throws as acquire does, and then the batch is empty and the
    /// pool has every idle packet that it had. O(packets), with one check and one look-up.
    void acquire(std::size_t size, gsl::span<packet_ptr> batch, here where = here::current())
    {
        for (auto& p : batch) {
            if (p) {
                p.reset();
            }
        }
        auto& slabs = home_.open();
        [[maybe_unused]] auto const held = slabs.enter("acquire()", where);
        if (size > Buckets::buckets.back().size) [[unlikely]] {
            if (size > max_packet_size) {
                throw_size_too_large(size, max_packet_size); // also for an empty batch
            }
            home_.make_exact(size, batch, where);
            return;
        }
        auto& slab = slabs[bucket_index<Buckets>(size)];
        auto const wrap = [this, &slab](packet* p) { return home_.handle(p, slab); };
        slabs.take(slab, size, slab.capacity(), batch, wrap, where);
    }

    /// Keeps a bucket's packet for reuse while there is room for it, frees any other. Null is
    /// harmless. Never throws, never allocates. O(1).
    PKTPOOL_HOT void release(packet_ptr p, here where = here::current()) noexcept
    {
        home_.release(std::move(p), where);
    }

    /// Releases every packet of the batch and leaves it full of null, as after sendmmsg(2).
    void release(gsl::span<packet_ptr> batch, here where = here::current()) noexcept
    {
        home_.release(batch, where);
    }

    /// Moves what the packet holds, metadata and used bytes, to one of the smallest bucket that has
    /// room for them, and releases the larger: so that a small datagram that is kept does not pin
    /// the buffer that it was received into. Returns whether it moved; null is harmless. With
    /// headroom and tailroom the bytes that were prepended stay so, and the tailroom is new. Throws
    /// std::bad_alloc, and the packet is then as before. O(used bytes).
    bool shrink_to_bucket(packet_ptr& p, here where = here::current())
    {
        if (!p) {
            return false;
        }
        auto const size = p->datagram_bytes(construction_key{});
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
        if (auto* const slabs = home_.find()) {
            [[maybe_unused]] auto const held = slabs->enter("decay()", where);
            slabs->decay();
        }
    }

    /// Gives all idle packets back to the source. O(packets).
    void trim(here where = here::current()) noexcept
    {
        if (auto* const slabs = home_.find()) {
            [[maybe_unused]] auto const held = slabs->enter("trim()", where);
            slabs->trim();
        }
    }

    /// Makes packets until `packets` of the bucket for `size` are idle; from then on decay treats
    /// them like any other. Throws std::length_error
    /// for a size above the largest bucket and for more packets than the retention policy or the
    /// bound on idle bytes lets be idle, std::bad_alloc when memory is out; the pool is then as
    /// before. O(packets).
    void reserve(std::size_t size, std::size_t packets, here where = here::current())
    {
        if (size > Buckets::buckets.back().size) {
            throw_too_large("a size to reserve", size, Buckets::buckets.back().size,
                            "packets above the largest bucket are not kept");
        }
        auto& slabs = home_.open();
        [[maybe_unused]] auto const held = slabs.enter("reserve()", where);
        slabs.reserve(slabs[bucket_index<Buckets>(size)], packets);
    }

    /// The next use binds the pool anew; see the threading policy.
    void detach() noexcept
    {
        if (auto* const slabs = home_.find()) {
            slabs->detach();
        }
    }

    /// The idle packets of one bucket. Contract: `index < bucket_count<Buckets>`.
    [[nodiscard]] idle_packets idle(std::size_t index, here where = here::current()) const noexcept
    {
        Expects(index < bucket_count<Buckets> ||
                broken("idle() was asked for a bucket that the policy does not have", where));
        if (auto const* const slabs = home_.find()) {
            [[maybe_unused]] auto const held = slabs->enter("idle()", where);
            return (*slabs)[index].idle();
        }
        return {};
    }

    /// The idle packets of all buckets.
    [[nodiscard]] idle_packets idle(here where = here::current()) const noexcept
    {
        if (auto const* const slabs = home_.find()) {
            [[maybe_unused]] auto const held = slabs->enter("idle()", where);
            return slabs->idle();
        }
        return {};
    }

    /// What the pool did so far. O(buckets).
    [[nodiscard]] pool_statistics<bucket_count<Buckets>>
    statistics(here where = here::current()) const noexcept
        requires policies::statistics::counts
    {
        if (auto const* const slabs = home_.find()) {
            [[maybe_unused]] auto const held = slabs->enter("statistics()", where);
            return slabs->statistics();
        }
        return nothing_counted<bucket_count<Buckets>>(Buckets::buckets);
    }

    /// Where the packets were acquired that are out, most packets first. Throws std::bad_alloc.
    /// O(n log n) for n packets whose place was recorded.
    [[nodiscard]] std::vector<outstanding_packets> outstanding(here where = here::current()) const
        requires policies::care::hardened
    {
        if (auto const* const slabs = home_.find()) {
            [[maybe_unused]] auto const held = slabs->enter("outstanding()", where);
            return slabs->ledger().outstanding();
        }
        return {};
    }

private:
    /// Inside the door.
    [[nodiscard]] PKTPOOL_RARE packet_ptr exact(std::size_t size, here where)
    {
        packet_ptr p;
        home_.make_exact(size, gsl::span(&p, 1), where);
        return p;
    }

    home home_;
};

export using packet_pool = basic_packet_pool<>;

static_assert(std::is_same_v<packet_pool::packet_ptr, packet_ptr>);
static_assert(std::is_nothrow_default_constructible_v<packet_pool>);
static_assert(std::is_nothrow_move_constructible_v<packet_pool>);
static_assert(!std::is_copy_constructible_v<packet_pool>);
static_assert(sizeof(basic_packet_pool<libtorrent_buckets, unchecked>) ==
                  2 * 30 * sizeof(void*) +
                      3 * sizeof(bucket_cache<packet, heap_source, fixed_limit>),
              "the policies that cost nothing at run time take no byte");

} // namespace pktpool
