// The pool: the slabs of a bucket policy behind one acquire and release.
module;
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#include <gsl/assert>
#include <gsl/narrow>

#include "no_unique_address.hpp"

export module pktpool:pool;

import :error;
import :source;
import :buckets;
import :packet;
import :threading;
import :policies;
import :slab;

namespace pktpool
{

/// Where the slots of each bucket start in the one array of a pool, and in the end their number.
template <bucket_policy B>
inline constexpr auto slot_offsets = [] {
    std::array<std::size_t, bucket_count<B> + 1> offsets{};
    for (std::size_t i = 0; i < bucket_count<B>; ++i) {
        offsets[i + 1] = offsets[i] + ring_slots(B::buckets[i].limit);
    }
    return offsets;
}();

static_assert(slot_offsets<libtorrent_buckets>.back() == 48);

/// Hands out packets of the sizes of a bucket policy and keeps the returned ones for reuse. Owns no
/// heap memory but its idle packets; handles may outlive it. Moved from, it is empty and usable.
/// Threads: as its threading policy says; a move leaves the new pool unbound.
export template <bucket_policy Buckets = libtorrent_buckets,
                 threading_policy Threading = single_threaded, class... Policies>
    requires further_policies<Policies...>
class basic_packet_pool
{
    using policies = policy_set<Policies...>;
    using source_type = typename policies::source;
    using here = std::source_location;

public:
    using packet = typename policies::packet;
    using packet_ptr = typename policies::packet_ptr;

    basic_packet_pool() noexcept
        requires std::default_initializable<source_type>
        : basic_packet_pool(source_type{})
    {
    }

    /// A pool over a source with state.
    explicit basic_packet_pool(source_type const& source) noexcept : source_(source)
    {
        for (std::size_t i = 0; i < bucket_count<Buckets>; ++i) {
            caches_[i] = cache(Buckets::buckets[i], gsl::narrow_cast<std::uint8_t>(i), slots(i));
        }
    }

    basic_packet_pool(basic_packet_pool&& other) noexcept : source_(other.source_)
    {
        take_over(other);
    }
    basic_packet_pool& operator=(basic_packet_pool&& other) noexcept
    {
        if (this != &other) {
            [[maybe_unused]] auto const held =
                threading_.enter("a move to a pool", here::current());
            clear();
            source_ = other.source_;
            take_over(other);
        }
        return *this;
    }
    ~basic_packet_pool() { clear(); }

    /// A packet of the smallest bucket with capacity >= `size` bytes, above the largest bucket one
    /// of exactly `size`. Its metadata is reset, its buffer untouched. Throws std::length_error
    /// above max_packet_size and std::bad_alloc when memory is out; the pool is then as before.
    /// O(1).
    [[nodiscard]] packet_ptr acquire(std::size_t size, here where = here::current())
    {
        [[maybe_unused]] auto const held = threading_.enter("acquire()", where);
        auto const index = bucket_index<Buckets>(size);
        if (index == bucket_count<Buckets>) [[unlikely]] {
            return handle(make_packet<packet>(source_, size, no_bucket));
        }
        return handle(caches_[index].take(source_));
    }

    /// The same for a size that is known when the caller is compiled, look-up included.
    template <std::size_t Size>
        requires(Size <= max_packet_size)
    [[nodiscard]] packet_ptr acquire(here where = here::current())
    {
        [[maybe_unused]] auto const held = threading_.enter("acquire()", where);
        constexpr auto index = bucket_index<Buckets>(Size);
        if constexpr (index == bucket_count<Buckets>) {
            return handle(make_packet<packet>(source_, Size, no_bucket));
        } else {
            return handle(caches_[index].take(source_));
        }
    }

    /// Keeps a bucket's packet for reuse while there is room for it, frees any other. Null is
    /// harmless. Never throws, never allocates. O(1).
    void release(packet_ptr p, here where = here::current()) noexcept
    {
        [[maybe_unused]] auto const held = threading_.enter("release()", where);
        if (p != nullptr && is_ours(p) && caches_[p->bucket].put(p.get())) {
            static_cast<void>(p.release());
        }
    }

    /// Gives the oldest idle packet of every bucket back to the source. Call it on a timer. O(1) a
    /// bucket.
    void decay(here where = here::current()) noexcept
    {
        [[maybe_unused]] auto const held = threading_.enter("decay()", where);
        for (auto& each : caches_) {
            each.decay(source_);
        }
    }

    /// The next use binds the pool anew; see the threading policy.
    void detach() noexcept { threading_.detach(); }

    /// The idle packets of one bucket. Contract: `index < bucket_count<Buckets>`.
    [[nodiscard]] idle_packets idle(std::size_t index, here where = here::current()) const noexcept
    {
        Expects(index < caches_.size() ||
                broken("idle() was asked for a bucket that the policy does not have", where));
        return caches_[index].idle();
    }

    /// The idle packets of all buckets.
    [[nodiscard]] idle_packets idle() const noexcept
    {
        idle_packets sum;
        for (auto const& each : caches_) {
            sum.count += each.idle().count;
            sum.bytes += each.idle().bytes;
        }
        return sum;
    }

private:
    using cache = bucket_cache<packet, source_type, typename policies::retention>;

    [[nodiscard]] packet** slots(std::size_t index) noexcept
    {
        return slots_.data() + slot_offsets<Buckets>[index];
    }

    [[nodiscard]] packet_ptr handle(packet* p) noexcept
    {
        return packet_ptr(p, typename packet_ptr::deleter_type(source_));
    }

    /// Whether a slab may keep it. A pool of other buckets makes packets of the same type; what
    /// has both the index and the capacity of one of ours is as good as ours.
    [[nodiscard]] bool is_ours(packet_ptr const& p) const noexcept
    {
        return p->bucket < bucket_count<Buckets> && p->allocated == caches_[p->bucket].capacity() &&
               same_source(p.get_deleter().source(), source_);
    }

    void take_over(basic_packet_pool& other) noexcept
    {
        [[maybe_unused]] auto const held =
            other.threading_.enter("a move from a pool", here::current());
        slots_ = other.slots_;
        caches_ = other.caches_;
        for (std::size_t i = 0; i < caches_.size(); ++i) {
            caches_[i].rebase(slots(i));
            other.caches_[i].forget();
        }
        detach();
    }

    void clear() noexcept
    {
        for (auto& each : caches_) {
            each.clear(source_);
        }
    }

    PKTPOOL_NO_UNIQUE_ADDRESS Threading threading_;
    PKTPOOL_NO_UNIQUE_ADDRESS source_type source_;
    std::array<cache, bucket_count<Buckets>> caches_{};
    std::array<packet*, slot_offsets<Buckets>.back()> slots_{};
};

export using packet_pool = basic_packet_pool<>;

static_assert(std::is_nothrow_default_constructible_v<packet_pool>);
static_assert(std::is_nothrow_move_constructible_v<packet_pool>);
static_assert(!std::is_copy_constructible_v<packet_pool>);
static_assert(sizeof(basic_packet_pool<libtorrent_buckets, unchecked>) ==
                  48 * sizeof(void*) + 3 * sizeof(bucket_cache<packet, heap_source, fixed_limit>),
              "the policies that cost nothing at run time take no byte");

} // namespace pktpool
