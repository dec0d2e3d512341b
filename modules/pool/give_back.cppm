// The way back of every packet: release, batch, drop, and the packets of other threads.
// Exports nothing.
module;
#include "../support/attributes.hpp"

export module pktpool:pool.give_back;

import pktpool.standard;
import :policy.source;
import :packet.guard;
import :store.remote_list;

namespace pktpool {

/// The operations of a core that take packets back.
template <class Core>
struct give_back_operations {
    using packet = typename Core::packet;
    using slab = typename Core::slab;
    using deleter = typename Core::deleter;
    using lifecycle = typename Core::lifecycle;

    struct outcome {
        bool kept;
        bool was_last; // of a pool that is gone
    };

    /// Retires the packet without the lock, then keeps or frees it under the lock; on another
    /// thread than the owner's puts it on the list of its slab. `p` may be null without an owner.
    /// `pool` is the one that it was released to. Returns whether the packet was kept. O(1).
    PKTPOOL_ALWAYS_INLINE static bool give_back(Core& core, packet* p, deleter const& from,
                                                return_reason reason, pool_identity const* pool,
                                                std::string_view name, std::source_location where)
    {
        if (p != nullptr) {
            lifecycle::retire(*p, pool, where);
        }
        if constexpr (Core::has_owner) {
            if (!core.is_owner()) [[unlikely]] {
                Core::remote::give_back(from.slab(), p, reason);
                return false;
            }
        }
        outcome done{};
        try {
            core.locked_return(name, where, [&] {
                if (p != nullptr) {
                    done = keep_or_free(core, p, from, reason, where);
                }
            });
        } catch (...) { // from the threading policy
            free_with_source_of(p, from);
            throw;
        }
        if (done.was_last) [[unlikely]] {
            core.destroy_self();
        }
        return done.kept;
    }

    /// The part under the lock.
    PKTPOOL_ALWAYS_INLINE static outcome
    keep_or_free(Core& core, packet* p, deleter const& from, [[maybe_unused]] return_reason reason,
                 [[maybe_unused]] std::source_location where) noexcept
    {
        slab* const to = slab_for(core, *p, from);
        auto& slabs = core.slabs_;
        if constexpr (Core::drops_reach_pool) {
            if constexpr (Core::protection::hardened) {
                core.outstanding_.remove(lifecycle::guard(*p), where);
            }
            if (reason == return_reason::drop) {
                slabs.count([&](auto& c) { c.dropped(to->index()); });
            }
            bool const kept =
                (reason == return_reason::release || Core::returns_dropped) && slabs.store(*to, p);
            slabs.count([&](auto& c) { c.returned(to->index(), kept, 1); });
            return {.kept = kept, .was_last = !kept && free_refused(core, *to, p)};
        } else {
            bool const kept = to != nullptr && slabs.store(*to, p);
            if (!kept) [[unlikely]] {
                free_with_source_of(p, from);
            }
            return {.kept = kept, .was_last = false};
        }
    }

    /// The slab that the packet belongs to, or null.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE static slab*
    slab_for(Core& core, [[maybe_unused]] packet const& p, deleter const& from) noexcept
    {
        if constexpr (Core::drops_reach_pool) {
            return &from.slab();
        } else {
            auto* const own = core.slabs_.slabs().find(p);
            return own != nullptr && same_source(from.source(), core.source()) ? own : nullptr;
        }
    }

private:
    /// Frees a packet that its slab does not keep. Returns whether it was the last of a pool that
    /// is gone.
    [[nodiscard]] PKTPOOL_NOINLINE static bool free_refused(Core& core, slab& from,
                                                            packet* p) noexcept
    {
        core.slabs_.free_retired(from, p);
        if constexpr (!Core::has_owner) {
            if (core.life_.has_ended()) {
                core.detach(); // another thread may drop the next packet
                return core.slabs_.total() == 0;
            }
        }
        return false;
    }
    /// Frees a packet with the source in its handle.
    static void free_with_source_of([[maybe_unused]] packet* p,
                                    [[maybe_unused]] deleter const& from) noexcept
    {
        if constexpr (!Core::drops_reach_pool) {
            if (p != nullptr) {
                auto source = from.source();
                lifecycle::free_retired(source, p);
            }
        }
    }
};

} // namespace pktpool
