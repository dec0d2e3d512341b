// How long the core of a pool lives: until the pool is gone and its last packet has come back.
// Exports nothing.
export module pktpool:pool.life;

import pktpool.standard;

namespace pktpool {

/// Of a core that no handle refers to.
struct no_life {};

/// Where one thread at a time drops the packets that outlive the pool.
class life {
public:
    [[nodiscard]] bool has_ended() const noexcept { return ended_; }

    /// The pool is gone, but not these packets. Returns whether there are none.
    bool end(std::uint64_t packets) noexcept
    {
        ended_ = true;
        return packets == 0;
    }

private:
    bool ended_ = false;
};

/// Where several threads drop them at once.
class shared_life {
public:
    /// As above. Packets that were freed between the end of the lists and this call count, too.
    bool end(std::uint64_t packets) noexcept
    {
        return left_.fetch_add(packets, std::memory_order_acq_rel) + packets == 0;
    }
    /// Any thread. Returns whether this was the last packet.
    bool freed_one() noexcept { return left_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

private:
    std::atomic<std::uint64_t> left_ = 0; // before end(): 0 less the packets freed
};

template <bool DropsReachPool, bool HasOwner>
using life_of =
    std::conditional_t<HasOwner, shared_life, std::conditional_t<DropsReachPool, life, no_life>>;

} // namespace pktpool
