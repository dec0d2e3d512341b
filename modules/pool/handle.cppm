// Handles whose drop reaches the pool: the deleter, and the slab that it calls.
module;
#include "../support/attributes.hpp"

export module pktpool:pool.handle;

import pktpool.standard;
import :store.remote_list;

namespace pktpool {

/// Passes a packet to its slab; null is harmless. Threads: as the threading policy of the pool
/// says. When the pool is gone, any thread may drop its packets: with single_owner several at once,
/// else one at a time.
export template <class Packet, class Slab>
class pool_deleter {
public:
    pool_deleter() = default;
    explicit pool_deleter(Slab& slab) noexcept : slab_(&slab) {}

    PKTPOOL_ALWAYS_INLINE void operator()(Packet* packet) const noexcept
    {
        if (packet != nullptr) {
            slab_->core().drop(*slab_, packet);
        }
    }

    [[nodiscard]] Slab& slab() const noexcept { return *slab_; }

private:
    Slab* slab_ = nullptr;
};

/// A slab that knows the core of its pool. It takes whole cache lines: an acquire touches one, and
/// the look-up of a bucket needs no multiplication if their number is a power of two.
template <class Core, class Slab>
class alignas(64) pool_slab : public Slab {
public:
    void set_core(Core& core) noexcept { core_ = &core; }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Core& core() const noexcept { return *core_; }

private:
    Core* core_ = nullptr;
};

/// Bytes of a slab with a list: a power of two, as above.
inline constexpr std::size_t owned_slab_bytes = 512;

/// A slab to which other threads give packets back, too. They read and write only cache lines that
/// the owner does not write in an acquire or a release.
template <class Core, class Slab>
class alignas(owned_slab_bytes) owned_pool_slab : public Slab {
public:
    void set_core(Core& core) noexcept { core_ = &core; }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Core& core() const noexcept { return *core_; }
    [[nodiscard]] auto& returned() noexcept { return returned_; }
    [[nodiscard]] auto const& returned() const noexcept { return returned_; }

private:
    remote_list<typename Slab::packet_type> returned_;
    Core* core_ = nullptr;
};

} // namespace pktpool
