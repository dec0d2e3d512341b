// basic_packet_pool: the slabs of a bucket policy behind one acquire and release.
module;
#include <gsl/assert>

#include "../support/attributes.hpp"

export module pktpool:pool.pool;

import pktpool.standard;
import :support.error;
import :sizes.bucket;
import :policy.source;
import :policy.threading;
import :policy.retention;
import :policy.options;
import :policy.policy_set;
import :packet.layout;
import :packet.guard;
import :packet.packet;
import :packet.lifecycle;
import :store.slab_core;
import :store.pool_slabs;
import :store.slab_set;
import :store.outstanding_list;
import :store.remote_list;
import :pool.statistics;
import :pool.core;
import :pool.batch;
import :pool.core_storage;

namespace pktpool {

/// The handle of a pool or slab with other policies.
template <class Handle, class Own>
concept handle_of_another_pool_type = !std::same_as<std::remove_cvref_t<Handle>, Own> && requires {
    typename std::remove_cvref_t<Handle>::element_type::metadata;
};

/// A temporary view that does not convert to std::span, for example a gsl::span.
template <class View, class T>
concept other_view_of = !std::convertible_to<View, std::span<T>> && requires(View view) {
    { view.data() } -> std::same_as<T*>;
    { view.size() } -> std::convertible_to<std::size_t>;
};

// acquire(size)                       release(p), release(batch), drop of a handle
//   inline_core or heap_core            inline_core or heap_core, or the slab in the handle
//   pool_core::acquire                  pool_core::give_back
//     [lock]                              packet_lifecycle::retire: guard, destroy metadata, clear
//     slab_set::fetch                     [lock]
//       slab_core::fetch                  slab_set::store: bound on idle bytes
//         hit:  idle_stack::pop_newest      slab_core::store
//               packet_lifecycle::revive      idle_stack::push
//         miss: packet_lifecycle::make    not kept: packet_lifecycle::free
//                 source.allocate                     source.deallocate
//     packet_lifecycle::lend              [unlock]
//     [unlock]

/// Hands out packets of the sizes of a bucket policy and keeps returned ones for reuse. A
/// moved-from pool is empty and can be used. With fixed_limit it owns no heap memory but its idle
/// packets. If drops reach the pool (return_on_drop, counted, hardened, single_owner), a handle
/// takes two pointers and the slabs are on the heap.
///
/// Handles may outlive the pool; then any thread may drop them: with single_owner several at once,
/// otherwise one thread at a time.
///
/// Threads: every function as the threading policy says. The source and constructors of metadata
/// are called under its lock, destructors of metadata without it. A move and the destructor need
/// the pools for themselves; the destructor may run on any thread, and a move unbinds both pools.
/// Source and metadata may call the pool that calls them.
export template <bucket_policy Buckets = libtorrent_buckets,
                 second_argument_is_a_threading_policy Threading = single_threaded,
                 class... Policies>
    requires further_policies<Policies...> &&
             source_may_be_called_by_the_threads_that_release<Threading, Policies...>
class basic_packet_pool {
    using policies = policy_set<Policies...>;
    using source_type = typename policies::source;
    using core_type = pool_core<Buckets, Threading, policies, layout_of<Buckets>, pool_slabs>;
    using batches = batch_operations<core_type>;
    using storage = std::conditional_t<core_type::drops_reach_pool, heap_core<core_type>,
                                       inline_core<core_type>>;
    using here = std::source_location;

public:
    using packet = typename core_type::packet;
    using packet_ptr = typename core_type::packet_ptr;

    basic_packet_pool() noexcept
        requires std::is_nothrow_default_constructible_v<source_type>
        : basic_packet_pool(source_type{})
    {
    }

    /// A pool with a source that has state.
    explicit basic_packet_pool(source_type const& source) noexcept : storage_(source) {}

    basic_packet_pool(basic_packet_pool&& other, here where = here::current()) noexcept
        : storage_(other.storage_.source())
    {
        take_over(other, where);
    }
    /// A report of another thread cannot name the call site of an assignment.
    basic_packet_pool& operator=(basic_packet_pool&& other) noexcept
    {
        if (this != &other) {
            take_over(other, {});
        }
        return *this;
    }
    ~basic_packet_pool() = default;

    /// A packet of the smallest bucket with capacity >= `size` bytes, or of exactly `size` bytes
    /// above the largest bucket. Its metadata are `Metadata{}`, its buffer is untouched, and the
    /// first `size` bytes of it may be used. Throws std::length_error above max_packet_size and for
    /// a negative size, std::bad_alloc without memory, and what the metadata throw; the pool has
    /// not changed then. O(1).
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE packet_ptr acquire(byte_count size,
                                                           here where = here::current())
    {
        auto& core = storage_.get();
        if (size > largest) [[unlikely]] {
            return core.acquire_exact(size, where);
        }
        return core.acquire(bucket_index<Buckets>(size), size, "acquire()", where);
    }

    /// The same for a size that is known at compile time: the look-up costs nothing.
    template <std::size_t Size>
        requires(Size <= max_packet_size)
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE packet_ptr acquire(here where = here::current())
    {
        auto& core = storage_.get();
        if constexpr (Size > largest) {
            return core.acquire_exact(Size, where);
        } else {
            return core.acquire(bucket_index<Buckets>(Size), Size, "acquire()", where);
        }
    }

    /// Fills the batch with packets for `size` bytes each. Drops the handles that it held. Throws
    /// as acquire(size); then the batch is empty and the pool has all its idle packets.
    /// O(packets), with one lock and one look-up.
    void acquire(byte_count size, std::span<packet_ptr> batch, here where = here::current())
    {
        batches::drop(batch);
        batches::acquire(storage_.get(), bucket_index<Buckets>(size), size, batch, where);
    }
    /// Acquires a packet for `size` bytes for each null handle of the batch; the other handles stay
    /// as they are. For recvmmsg(2), which often fills only a part of a batch. Throws as
    /// acquire(size); then the null handles in front may hold packets. O(packets), with one lock
    /// and one look-up for each run of null handles.
    void acquire_missing(byte_count size, std::span<packet_ptr> batch, here where = here::current())
    {
        batches::acquire_missing(storage_.get(), bucket_index<Buckets>(size), size, batch, where);
    }
    /// The same for a temporary view of another library.
    template <other_view_of<packet_ptr> View>
    void acquire(byte_count size, View&& batch, // NOLINT(*-missing-std-forward): lvalues are spans
                 here where = here::current())
    {
        acquire(size, std::span<packet_ptr>(batch.data(), batch.size()), where);
    }
    template <other_view_of<packet_ptr> View>
    void acquire_missing(byte_count size, View&& batch, // NOLINT(*-missing-std-forward): the same
                         here where = here::current())
    {
        acquire_missing(size, std::span<packet_ptr>(batch.data(), batch.size()), where);
    }

    /// Keeps the packet of a bucket for reuse if its slab is not full, and frees any other. If
    /// drops reach the pool, the packet goes back to the pool that it came from. Null is harmless.
    /// Never throws, never allocates. O(1).
    // NOLINTNEXTLINE(cppcoreguidelines-rvalue-reference-param-not-moved): p.release() empties it
    PKTPOOL_ALWAYS_INLINE void release(packet_ptr&& p, here where = here::current()) noexcept
    {
        auto const from = p.get_deleter();
        if constexpr (core_type::drops_reach_pool) {
            if (p) [[likely]] {
                from.slab().core().give_back(p.release(), from, return_reason::release, identity(),
                                             "release()", where);
            } else if (auto const* const core = storage_.find(); core != nullptr && !has_owner) {
                core->check_thread("release()", where);
            }
        } else {
            storage_.get().give_back(p.release(), from, return_reason::release, nullptr,
                                     "release()", where);
        }
    }

    void release(packet_ptr const& needs_std_move) = delete;
    void release(handle_of_another_pool_type<packet_ptr> auto&& p) = delete;

    /// Releases every packet of the batch, which is full of null handles then, as after
    /// sendmmsg(2). O(packets), with one lock.
    void release(std::span<packet_ptr> batch, here where = here::current()) noexcept
    {
        if (auto* const core = storage_.find()) {
            batches::give_back(*core, batch, where);
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

    /// Moves metadata and used bytes to a packet of the smallest bucket that has the capacity, and
    /// releases the larger one, so that a small datagram does not occupy a large receive buffer
    /// while it waits. Returns whether it moved; null is harmless. With headroom or tailroom the
    /// used bytes keep their distance from the start of the datagram, so headroom() does not fall;
    /// the tailroom is new. Throws as acquire(); the packet has not changed then. Contract with
    /// `hardened`: `p` is of this pool. O(used bytes).
    bool shrink_to_bucket(packet_ptr& p, here where = here::current())
    {
        if (auto const* const core = storage_.find()) {
            core->check_thread("shrink_to_bucket()", where);
        }
        if (!p) {
            return false;
        }
        auto const size = packet_lifecycle<packet>::datagram_bytes(*p, where);
        auto const index = bucket_index<Buckets>(size);
        if (index == bucket_count<Buckets> || Buckets::buckets[index].size >= p->allocated) {
            return false;
        }
        auto smaller = acquire(size, where);
        packet_lifecycle<packet>::move_contents(*p, *smaller);
        std::swap(p, smaller);
        release(std::move(smaller), where);
        return true;
    }

    /// Frees idle packets, the oldest first, as many as the retention policy says; with fixed_limit
    /// one per bucket. Call it on a timer. O(packets freed).
    void decay(here where = here::current()) noexcept
    {
        if (auto* const core = storage_.find()) {
            core->decay(where);
        }
    }

    /// Frees all idle packets. O(packets).
    void trim(here where = here::current()) noexcept
    {
        if (auto* const core = storage_.find()) {
            core->trim(where);
        }
    }

    /// Makes idle packets until the bucket for `size` has `packets` of them. A decay treats them
    /// like the others. Throws std::length_error for a size above the largest bucket and for more
    /// packets than the retention policy or max_idle_bytes allows, std::bad_alloc without memory;
    /// the pool has not changed then. O(packets).
    void reserve(byte_count size, std::size_t packets, here where = here::current())
    {
        auto& core = storage_.get();
        if (size > largest) {
            core.check_thread("reserve()", where);
            throw_too_large("a size to reserve", size, largest,
                            "packets above the largest bucket are not kept");
        }
        core.reserve(bucket_index<Buckets>(size), packets, where);
    }

    /// The next use binds the pool to its thread; see the threading policy.
    void detach() noexcept
    {
        if (auto* const core = storage_.find()) {
            core->detach();
        }
    }

    /// The idle packets of one bucket. Contract: `index < bucket_count<Buckets>`. O(1).
    [[nodiscard]] idle_packets idle(std::size_t index, here where = here::current()) const noexcept
    {
        Expects(
            index < bucket_count<Buckets> ||
            report_and_end("idle() was asked for a bucket that the policy does not have", where));
        auto const* const core = storage_.find();
        return core != nullptr ? core->idle(index, where) : idle_packets{};
    }

    /// The idle packets of all buckets. O(buckets).
    [[nodiscard]] idle_packets idle(here where = here::current()) const noexcept
    {
        auto const* const core = storage_.find();
        return core != nullptr ? core->idle(where) : idle_packets{};
    }

    /// The counts of the pool; a move takes them along. O(buckets).
    [[nodiscard]] pool_statistics<bucket_count<Buckets>>
    statistics(here where = here::current()) const noexcept
        requires has_policy_counted<policies>
    {
        auto const* const core = storage_.find();
        return core != nullptr ? core->statistics(where)
                               : nothing_counted<bucket_count<Buckets>>(Buckets::buckets);
    }

    /// The call sites of the outstanding packets, most packets first. Throws std::bad_alloc.
    /// O(n log n) for n packets whose call site is recorded.
    [[nodiscard]] std::vector<outstanding_packets> outstanding(here where = here::current()) const
        requires has_policy_hardened<policies>
    {
        auto* const core = storage_.find();
        return core != nullptr ? core->outstanding(where) : std::vector<outstanding_packets>{};
    }

private:
    static constexpr std::size_t largest = Buckets::buckets.back().size;
    static constexpr bool has_owner = core_type::has_owner;

    [[nodiscard]] PKTPOOL_ALWAYS_INLINE pool_identity const* identity() const noexcept
    {
        if constexpr (policies::is_hardened) {
            if (auto const* const core = storage_.find()) {
                return core->identity();
            }
        }
        return nullptr;
    }

    void take_over(basic_packet_pool& other, here where) noexcept
    {
        move_core(other.storage_, "a move from a pool", storage_, "a move to a pool", where);
    }

    storage storage_;
};

/// The pool of libtorrent: ten idle packets per bucket, dropped handles free their packets.
export using packet_pool = basic_packet_pool<>;

/// For most programs: keeps as many idle packets as the traffic needs, and dropped handles return
/// their packets.
export template <bucket_policy Buckets, class... Policies>
using basic_adaptive_packet_pool =
    basic_packet_pool<Buckets, single_threaded, demand_tracked, return_on_drop, Policies...>;
export using adaptive_packet_pool = basic_adaptive_packet_pool<libtorrent_buckets>;

static_assert(std::is_same_v<packet_pool::packet_ptr, packet_ptr>);
static_assert(std::is_same_v<adaptive_packet_pool::packet, packet>);
static_assert(std::is_nothrow_default_constructible_v<packet_pool>);
static_assert(std::is_nothrow_move_constructible_v<packet_pool>);
static_assert(!std::is_copy_constructible_v<packet_pool>);
static_assert(sizeof(basic_packet_pool<libtorrent_buckets, unchecked>) ==
                  2 * 30 * sizeof(void*) + 4 * sizeof(slab_core<packet, heap_source, fixed_limit>),
              "policies without state add no byte");

} // namespace pktpool
