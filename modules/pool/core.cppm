// The core of a pool: its parts, its operations, and the lock around each of them. Exports nothing.
module;
#include "../support/attributes.hpp"

export module pktpool:pool.core;

import pktpool.standard;
import :sizes.bucket;
import :policy.source;
import :policy.threading;
import :policy.policy_set;
import :packet.layout;
import :packet.guard;
import :packet.packet;
import :packet.lifecycle;
import :store.slab_core;
import :store.slab_set;
import :store.outstanding_list;
import :store.remote_list;
import :pool.statistics;
import :pool.handle;
import :pool.life;
import :pool.remote;
import :pool.give_back;

namespace pktpool {

/// `Storage<Bucket, slab>` is pool_slabs or single_slab. "The lock" is what the threading policy
/// holds during an operation: a mutex, or nothing after its check of the thread. Source and
/// constructors of metadata are called under the lock, destructors of metadata without it.
template <class Bucket, threading_policy Threading, class Policies, class Layout,
          template <class, class> class Storage>
class pool_core {
public:
    using packet = packet_of<Policies, Layout>;
    using source_type = typename Policies::source;

    static constexpr bool has_owner = allows_remote_release<Threading>;
    static constexpr bool returns_dropped = Policies::returns_dropped;
    static constexpr bool drops_reach_pool = Policies::drops_reach_pool || has_owner;
    using slab_of_bucket = slab_core<packet, source_type, typename Policies::retention>;
    using slab = std::conditional_t<
        has_owner, owned_pool_slab<pool_core, slab_of_bucket>,
        std::conditional_t<drops_reach_pool, pool_slab<pool_core, slab_of_bucket>, slab_of_bucket>>;
    static_assert(!has_owner || sizeof(slab) == owned_slab_bytes);
    using deleter = std::conditional_t<drops_reach_pool, pool_deleter<packet, slab>,
                                       basic_packet_deleter<packet, source_type>>;
    using packet_ptr = std::unique_ptr<packet, deleter>;

    explicit pool_core(source_type const& source, auto const&... bucket) noexcept
        : slabs_(source, bucket...)
    {
        if constexpr (drops_reach_pool) {
            for (slab& each : slabs_.slabs().all()) {
                each.set_core(*this);
            }
        }
    }
    pool_core(pool_core const&) = delete;
    pool_core& operator=(pool_core const&) = delete;
    ~pool_core() { slabs_.free_all(); }

    [[nodiscard]] source_type const& source() const noexcept { return slabs_.source(); }
    [[nodiscard]] slab const& operator[](std::size_t index) const noexcept
    {
        return slabs_.slabs()[index];
    }

    /// Runs an operation under the lock.
    template <class Operation>
    PKTPOOL_ALWAYS_INLINE decltype(auto) locked(std::string_view name, std::source_location where,
                                                Operation operation) const
    {
        [[maybe_unused]] auto const lock = threading_.enter(name, where);
        return operation();
    }
    /// The same for packets that come back. Contract with an owner: is_owner().
    template <class Operation>
    PKTPOOL_ALWAYS_INLINE void locked_return(std::string_view name, std::source_location where,
                                             Operation operation) const
    {
        if constexpr (has_owner) {
            operation();
        } else {
            locked(name, where, operation);
        }
    }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE bool is_owner() const noexcept
        requires has_owner
    {
        return threading_.is_owner();
    }
    /// For an operation that has nothing to do.
    void check_thread(std::string_view name, std::source_location where) const
    {
        locked(name, where, [] {});
    }
    void detach() noexcept { threading_.detach(); }

    /// A packet of slab `index` for `size` bytes. Throws what source and metadata throw; nothing
    /// has changed then. O(1).
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE packet_ptr acquire(std::size_t index, std::size_t size,
                                                           std::string_view name,
                                                           std::source_location where)
    {
        return locked(name, where, [&] {
            slab& from = slabs_.slabs()[index];
            auto const [p, is_hit] = slabs_.fetch(from, [&] { refill(from); });
            return lend_out(from, p, size, is_hit ? 1 : 0, where);
        });
    }
    /// A packet of exactly `size` bytes, above the largest bucket. Throws the same.
    [[nodiscard]] PKTPOOL_NOINLINE packet_ptr acquire_exact(std::size_t size,
                                                            std::source_location where)
    {
        return locked("acquire()", where, [&] {
            slab& from = slabs_.slabs().exact();
            return lend_out(from, slabs_.make(from, size), size, 0, where);
        });
    }
    /// Takes a packet back, see give_back_operations. Returns whether it was kept.
    PKTPOOL_ALWAYS_INLINE bool give_back(packet* p, deleter const& from, return_reason reason,
                                         pool_identity const* pool, std::string_view name,
                                         std::source_location where)
    {
        return ways_back::give_back(*this, p, from, reason, pool, name, where);
    }
    /// Called by pool_deleter.
    PKTPOOL_ALWAYS_INLINE void drop(slab& from, packet* p) noexcept
        requires drops_reach_pool
    {
        give_back(p, deleter(from), return_reason::drop, identity(), "a dropped handle", {});
    }
    void reserve(std::size_t index, std::size_t packets, std::source_location where)
    {
        locked("reserve()", where, [&] {
            take_all_returned();
            slabs_.reserve(index, packets);
        });
    }
    void decay(std::source_location where)
    {
        locked("decay()", where, [&] {
            take_all_returned();
            slabs_.decay();
        });
    }
    void trim(std::source_location where)
    {
        locked("trim()", where, [&] {
            take_all_returned();
            slabs_.trim();
        });
    }
    [[nodiscard]] idle_packets idle(std::source_location where) const
    {
        return locked("idle()", where, [&] { return slabs_.idle(); });
    }
    [[nodiscard]] idle_packets idle(std::size_t index, std::source_location where) const
    {
        return locked("idle()", where, [&] { return slabs_.idle(index); });
    }
    [[nodiscard]] auto statistics(std::source_location where) const
    {
        if constexpr (has_owner) { // any thread
            return statistics_of(slabs_.counts(), slabs_.slabs());
        } else {
            return locked("statistics()", where,
                          [&] { return statistics_of(slabs_.counts(), slabs_.slabs()); });
        }
    }
    [[nodiscard]] auto outstanding(std::source_location where)
    {
        return locked("outstanding()", where, [&] {
            take_all_returned();
            return outstanding_.outstanding();
        });
    }

    /// Identifies the pool in the guards of its packets; null without `hardened`.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE pool_identity const* identity() const noexcept
    {
        if constexpr (protection::hardened) {
            return &outstanding_.identity();
        } else {
            return nullptr;
        }
    }

    /// Takes source and idle packets of another core, which is as new then. Contract: no other
    /// thread uses either of them.
    void take_over(pool_core& other) noexcept { slabs_.take_over(other.slabs_); }

    /// The pool is gone: frees the idle packets now, and the outstanding ones when they come back,
    /// on any thread: with an owner on several at once, else on one at a time. The last one
    /// destroys the core.
    void end() noexcept
        requires drops_reach_pool
    {
        detach(); // any thread may destroy a pool
        bool const was_last = locked("the destructor", {}, [&] {
            take_all_returned();
            if constexpr (Policies::is_hardened) {
                if constexpr (Policies::hardening::reports_outstanding) {
                    outstanding_.report_all();
                }
            }
            slabs_.free_all();
            if constexpr (has_owner) {
                remote::close(*this);
            }
            auto const packets = slabs_.total();
            detach();
            return life_.end(packets);
        });
        if (was_last) {
            destroy_self();
        }
    }

    /// Any thread. How many of `packets` its bound allows on the list of a slab.
    [[nodiscard]] std::uint32_t most_returned(slab const& to, std::uint32_t packets) const noexcept
    {
        return slabs_.most_returned(to, packets);
    }
    /// Any thread. A packet of a pool that is gone was freed.
    void freed_after_end() noexcept
        requires has_owner
    {
        if (life_.freed_one()) {
            destroy_self();
        }
    }

private:
    template <class>
    friend struct batch_operations;
    friend struct give_back_operations<pool_core>;
    friend struct remote_operations<pool_core>;
    friend class remote_return<pool_core>;

    using ways_back = give_back_operations<pool_core>;
    using remote = remote_operations<pool_core>;
    using lifecycle = packet_lifecycle<packet>;
    using protection = typename packet::protection;

    /// Otherwise lend() compiles to nothing without a memory checker.
    static constexpr bool lend_has_effect = protection::hardened || Layout::grows;

    /// Called before the slab runs low.
    PKTPOOL_ALWAYS_INLINE void refill([[maybe_unused]] slab& from) noexcept
    {
        if constexpr (has_owner) {
            remote::fill(*this, from, remote::most_per_acquire);
        }
    }
    /// Called before a batch.
    void refill_for([[maybe_unused]] slab& from, [[maybe_unused]] std::size_t packets) noexcept
    {
        if constexpr (has_owner) {
            if (from.idle().count < packets) {
                remote::fill(*this, from, packets);
            }
        }
    }
    void take_all_returned() noexcept
    {
        if constexpr (has_owner) {
            remote::take_all(*this);
        }
    }

    [[nodiscard]] PKTPOOL_ALWAYS_INLINE packet_ptr handle(slab& from, packet* p) noexcept
    {
        if constexpr (drops_reach_pool) {
            return packet_ptr(p, deleter(from));
        } else {
            return packet_ptr(p, deleter(source()));
        }
    }
    PKTPOOL_ALWAYS_INLINE void lend(packet& p, std::size_t size,
                                    [[maybe_unused]] std::source_location where) noexcept
    {
        if constexpr (protection::hardened) {
            bool const records =
                outstanding_.records_next(Policies::hardening::call_sites_one_in, where);
            lifecycle::lend(p, size, identity(), records ? where : std::source_location{});
            if (records) {
                outstanding_.add(lifecycle::guard(p), &p, where);
            }
        } else {
            lifecycle::lend(p, size);
        }
    }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE packet_ptr lend_out(slab& from, packet* p, std::size_t size,
                                                            std::size_t hits,
                                                            std::source_location where) noexcept
    {
        slabs_.count([&](auto& c) { c.acquired(from.index(), hits, 1); });
        lend(*p, size, where);
        return handle(from, p);
    }
    PKTPOOL_NOINLINE void destroy_self() noexcept
    {
        if constexpr (drops_reach_pool) {
            delete this;
        }
    }

    struct no_list {}; // of another type, so that both take no byte

    using slabs = slab_set<Storage<Bucket, slab>, slab, Policies>;

    slabs slabs_;
    PKTPOOL_NO_UNIQUE_ADDRESS mutable Threading threading_; // also locked by const operations
    PKTPOOL_NO_UNIQUE_ADDRESS
    std::conditional_t<protection::hardened, outstanding_list, no_list> outstanding_;
    PKTPOOL_NO_UNIQUE_ADDRESS life_of<drops_reach_pool, has_owner> life_;
};

} // namespace pktpool
