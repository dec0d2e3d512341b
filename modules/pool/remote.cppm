// Packets that another thread than the owner gives back: its side, and the side of the owner.
// Exports nothing.
module;
#include "../support/attributes.hpp"

export module pktpool:pool.remote;

import pktpool.standard;
import :support.memory_checker;
import :sizes.bucket;
import :packet.layout;
import :packet.guard;
import :store.remote_list;

namespace pktpool {

/// Gives packets of one slab back on another thread than the owner's: puts them on the list of the
/// slab, or frees those that its pool would not keep. With `hardened` all go to the list, because
/// the owner has a list of outstanding packets.
template <class Core>
class remote_return {
    using slab = typename Core::slab;
    using packet = typename Core::packet;
    using lifecycle = typename Core::lifecycle;

public:
    /// `example` is one of the packets. One atomic operation, if any goes to the list.
    PKTPOOL_ALWAYS_INLINE remote_return(slab& to, packet const& example, std::uint32_t packets,
                                        return_reason reason) noexcept
        : slab_(&to), reason_(reason), to_list_(most_on_list(to, example, packets, reason))
    {
        if (to_list_ > 0) {
            places_ = to.returned().claim_places(to_list_);
            if (!places_) [[unlikely]] {
                to_list_ = 0; // the pool is gone
            }
        }
    }

    /// A packet that was retired. After the last one the pool may be gone.
    PKTPOOL_ALWAYS_INLINE void add(packet* p) noexcept
    {
        if (to_list_ > 0) [[likely]] {
            --to_list_;
            lifecycle::poison_returned(*p);
            places_.fill(p, reason_);
        } else {
            free(p);
        }
    }

private:
    [[nodiscard]] static std::uint32_t most_on_list(slab& to, packet const& example,
                                                    std::uint32_t packets,
                                                    return_reason reason) noexcept
    {
        if constexpr (Core::protection::hardened) {
            return packets;
        } else {
            bool const kept = example.bucket != no_bucket &&
                              (reason == return_reason::release || Core::returns_dropped);
            return kept ? to.core().most_returned(to, packets) : 0;
        }
    }

    PKTPOOL_NOINLINE void free(packet* p) noexcept
    {
        auto& core = slab_->core();
        auto source = core.source(); // a copy: several threads may be here
        lifecycle::free_retired(source, p);
        if (!slab_->returned().count_freed(reason_)) {
            core.freed_after_end();
        }
    }

    slab* slab_;
    return_reason reason_;
    std::uint32_t to_list_;
    typename remote_list<packet>::claim places_;
};

/// The operations of a core with an owner.
template <class Core>
struct remote_operations {
    using slab = typename Core::slab;
    using packet = typename Core::packet;
    using packet_ptr = typename Core::packet_ptr;
    using lifecycle = typename Core::lifecycle;
    using here = std::source_location;

    /// An acquire takes at most so many packets from the list, so that its time has a bound.
    static constexpr std::uint32_t most_per_acquire = 64;

    /// Any thread. One atomic operation.
    PKTPOOL_NOINLINE static void give_back(slab& to, packet* p, return_reason reason) noexcept
    {
        remote_return<Core>(to, *p, 1, reason).add(p);
    }

    /// Any thread. One atomic operation for the packets of each slab. O(packets * slabs).
    static void give_back(std::span<packet_ptr> batch, pool_identity const* pool,
                          here where) noexcept
    {
        for (; !batch.empty(); batch = batch.subspan(1)) {
            if (batch.front()) {
                give_back_slab(batch.front().get_deleter().slab(), batch, pool, where);
            }
        }
    }

    /// The owner takes packets from the list until the slab is full.
    PKTPOOL_NOINLINE static void fill(Core& core, slab& from, std::uint64_t most) noexcept
    {
        for (; most > 0 && !from.is_full(); --most) {
            if (!take_one(core, from)) {
                return;
            }
        }
    }
    /// The owner takes all that is there now; packets that a slab does not keep are freed.
    static void take_all(Core& core) noexcept
    {
        for (slab& each : core.slabs_.slabs().all()) {
            take(core, each);
            core.slabs_.count_freed_elsewhere(each);
        }
    }
    /// The last call of the owner: frees what comes back until no thread uses the lists.
    static void close(Core& core) noexcept
    {
        if constexpr (Core::protection::hardened) {
            core.outstanding_.abandon();
        }
        for (slab& each : core.slabs_.slabs().all()) {
            each.returned().close();
        }
        for (slab& each : core.slabs_.slabs().all()) {
            // A thread between claim and fill is a few instructions from its end.
            for (; !each.returned().is_settled(); std::this_thread::yield()) {
                take(core, each);
            }
            core.slabs_.count_freed_elsewhere(each);
        }
    }

private:
    /// Looks once more than there are packets, which frees the rings that were replaced.
    static void take(Core& core, slab& from) noexcept
    {
        for (auto looks = from.returned().waiting() + 1; looks > 0 && take_one(core, from);) {
            --looks;
        }
    }
    static bool take_one(Core& core, slab& from) noexcept
    {
        auto const [p, reason] = from.returned().take();
        if (p != nullptr) {
            Core::ways_back::keep_or_free(core, p, typename Core::deleter(from), reason, {});
        }
        return p != nullptr;
    }

    /// Gives back every packet of the slab that is in the batch.
    static void give_back_slab(slab& to, std::span<packet_ptr> batch, pool_identity const* pool,
                               here where) noexcept
    {
        auto const is_of_slab = [&to](packet_ptr const& p) {
            return p && &p.get_deleter().slab() == &to;
        };
        if (to.core().is_owner()) {
            for (auto& p : batch) {
                if (is_of_slab(p)) {
                    auto const from = p.get_deleter();
                    to.core().give_back(p.release(), from, return_reason::release, pool,
                                        "release()", where);
                }
            }
            return;
        }
        std::uint32_t packets = 0;
        for (auto& p : batch) {
            if (is_of_slab(p)) {
                lifecycle::retire(*p, pool, where);
                ++packets;
            }
        }
        auto const& example = *batch.front();
        remote_return<Core> returned(to, example, packets, return_reason::release);
        for (auto& p : batch) {
            if (is_of_slab(p)) {
                returned.add(p.release());
            }
        }
    }
};

} // namespace pktpool
