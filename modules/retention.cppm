// How many idle packets a slab keeps, and what decay gives back.
module;
#include <algorithm>
#include <concepts>
#include <cstdint>
#include <type_traits>

export module pktpool:retention;

namespace pktpool {

/// What a slab knows of its packets at a decay.
export struct slab_counts {
    std::uint32_t idle;  ///< packets in the slab now
    std::uint32_t total; ///< idle and outstanding; for policies that track demand
    std::uint32_t
        most_outstanding; ///< at once since the last decay; for policies that track demand
    std::uint32_t limit;  ///< packets, of the bucket policy
};

/// The ceiling of a retention policy that sets none, more packets than a machine has memory for:
/// the slab's slots grow with its packets.
export inline constexpr std::uint32_t no_ceiling = std::uint32_t{1} << 31;

template <class R>
concept retention_has_ceiling = requires(std::uint32_t limit) {
    { R::ceiling(limit) } noexcept -> std::same_as<std::uint32_t>;
};

template <class R>
concept retention_has_surplus = requires(R retention, slab_counts const& counts) {
    { retention.surplus(counts) } noexcept -> std::same_as<std::uint32_t>;
};

/// The state of a slab moves with the slab, and a slab that was moved from starts anew.
template <class R>
concept retention_moves_without_throwing =
    std::is_nothrow_default_constructible_v<R> && std::is_nothrow_move_constructible_v<R> &&
    std::is_nothrow_move_assignable_v<R>;

/// Decides for one slab.
///   `static ceiling(limit)`  the most idle packets it ever holds, or no_ceiling; constexpr
///   `surplus(counts)`        asked at each decay: how many of the oldest idle packets go
/// With `static constexpr bool tracks_demand = true` the counts of demand are kept for it.
export template <class R>
concept retention_policy =
    retention_has_ceiling<R> && retention_has_surplus<R> && retention_moves_without_throwing<R>;

template <class R>
concept tracks_demand = requires { requires R::tracks_demand; };

/// libtorrent's rule: up to `limit` idle packets, and one of them goes at each decay.
export struct fixed_limit {
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
    static constexpr std::uint32_t surplus(slab_counts const& counts) noexcept
    {
        return counts.idle > 0 ? 1 : 0;
    }
};

/// Keeps what the traffic needs: idle and outstanding packets together stay at a mark that follows
/// the most outstanding since the last decay. The mark falls by half a decay at the most and never
/// below the limit of the bucket, so that a pool is back at its limits a few decays after a burst.
export class demand_tracked {
public:
    static constexpr bool tracks_demand = true;

    /// The most packets that one decay frees of a bucket: a timer never stalls. A mark of up to
    /// 4096 packets is back at a limit of ten in 16 decays.
    static constexpr std::uint32_t most_freed = 512;

    static constexpr std::uint32_t ceiling(std::uint32_t) noexcept { return no_ceiling; }

    constexpr std::uint32_t surplus(slab_counts const& counts) noexcept
    {
        mark_ = std::max({counts.most_outstanding, counts.limit, mark_ - mark_ / 2});
        auto const above = counts.total - std::min(mark_, counts.total);
        auto const freed = std::min(above, most_freed);
        mark_ = std::max(mark_, counts.total - freed);
        return freed;
    }

private:
    std::uint32_t mark_ = 0;
};

static_assert(retention_policy<fixed_limit> && !tracks_demand<fixed_limit>);
static_assert(retention_policy<demand_tracked> && tracks_demand<demand_tracked>);
static_assert(std::is_empty_v<fixed_limit>);
static_assert(sizeof(demand_tracked) == sizeof(std::uint32_t));

/// When traffic stops: decays until a total of `packets`, all idle, is down to `limit`.
constexpr int decays_to_limit(std::uint32_t packets, std::uint32_t limit)
{
    demand_tracked retention;
    retention.surplus({.idle = 0, .total = packets, .most_outstanding = packets, .limit = limit});
    int decays = 0;
    for (auto idle = packets; idle > limit; ++decays) {
        idle -=
            retention.surplus({.idle = idle, .total = idle, .most_outstanding = 0, .limit = limit});
    }
    return decays;
}

static_assert(decays_to_limit(100, 10) == 4);
static_assert(decays_to_limit(4096, 10) <= 15, "and one more for the window with the peak: 16");

} // namespace pktpool
