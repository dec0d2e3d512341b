// What becomes of a packet whose handle is destroyed without release.
module;
#include <concepts>

#include "pktpool_attributes.hpp"

export module pktpool:handle;

namespace pktpool {

template <class D>
concept drop_says_where = requires {
    { D::returns_dropped } -> std::same_as<bool const&>;
};

/// `static constexpr bool returns_dropped`: whether a dropped packet goes back to its pool.
export template <class D>
concept drop_policy = drop_says_where<D>;

/// libtorrent's rule: the packet is freed. A handle is as small as a pointer.
export struct free_on_drop {
    static constexpr bool returns_dropped = false;
};

/// The packet goes back to its pool as release would put it, or is freed when the pool is gone.
/// A handle holds a second pointer: the way home does not lead through the packet, which may be
/// cold, and its header stays as small as it was.
export struct return_on_drop {
    static constexpr bool returns_dropped = true;
};

static_assert(drop_policy<free_on_drop> && drop_policy<return_on_drop>);

/// Tells the slab of a packet that its handle is gone; null is harmless. The thread rules of its
/// pool hold, and once that is gone any thread may drop what is left of it, one at a time.
export template <class Packet, class Slab>
class homing_deleter {
public:
    homing_deleter() = default;
    explicit homing_deleter(Slab& slab) noexcept : slab_(&slab) {}

    PKTPOOL_HOT void operator()(Packet* packet) const noexcept
    {
        if (packet != nullptr) {
            slab_->drop(packet);
        }
    }

    [[nodiscard]] Slab& slab() const noexcept { return *slab_; }

private:
    Slab* slab_ = nullptr;
};

} // namespace pktpool
