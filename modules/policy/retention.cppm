// Retention policies: how many idle packets a slab keeps, and how many each decay frees.
export module pktpool:policy.retention;

import pktpool.standard;

namespace pktpool {

/// Packets of one slab at a decay.
export struct slab_counts {
    std::uint32_t idle; ///< in the slab now
    /// Idle and outstanding. For policies that track demand.
    std::uint32_t total;
    /// The most that were outstanding at once since the last decay. For policies that track demand.
    std::uint32_t most_outstanding;
    std::uint32_t limit; ///< of the bucket policy
};

/// The ceiling of a retention policy without a bound: more packets than a machine has memory for.
/// The slots of the slab then grow with its packets.
export inline constexpr std::uint32_t no_ceiling = std::uint32_t{1} << 31;

template <class R>
concept retention_has_ceiling = requires(std::uint32_t limit) {
    { R::ceiling(limit) } noexcept -> std::same_as<std::uint32_t>;
};

template <class R>
concept retention_has_surplus = requires(R retention, slab_counts const& counts) {
    { retention.surplus(counts) } noexcept -> std::same_as<std::uint32_t>;
};

/// The slots of a slab grow for every limit or for none.
template <class R>
concept retention_bounds_every_limit_or_none =
    (R::ceiling(0) == no_ceiling) == (R::ceiling(1) == no_ceiling) &&
    (R::ceiling(0) == no_ceiling) == (R::ceiling(65535) == no_ceiling);

/// The state moves with the slab; a moved-from slab gets a new one.
template <class R>
concept retention_moves_without_throwing =
    std::is_nothrow_default_constructible_v<R> && std::is_nothrow_move_constructible_v<R> &&
    std::is_nothrow_move_assignable_v<R>;

/// Decides for one slab how many idle packets it keeps.
///   `static constexpr ceiling(limit)`: the most idle packets that it ever holds, or no_ceiling
///
///   `surplus(counts)`: called at each decay; how many of the oldest idle packets it frees, at most
///                      `counts.idle`
/// With `static constexpr bool tracks_demand = true` the slab counts total and most_outstanding.
export template <class R>
concept retention_policy =
    retention_has_ceiling<R> && retention_has_surplus<R> &&
    retention_bounds_every_limit_or_none<R> && retention_moves_without_throwing<R>;

template <class R>
concept tracks_demand = requires { requires R::tracks_demand; };

/// The rule of libtorrent: keeps up to `limit` idle packets, and each decay frees one.
export struct fixed_limit {
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
    static constexpr std::uint32_t surplus(slab_counts const& counts) noexcept
    {
        return counts.idle > 0 ? 1 : 0;
    }
};

/// Keeps as many packets as the traffic needs: a decay frees idle packets until the total is down
/// to a mark. The mark follows the most packets outstanding since the last decay. It falls by at
/// most half per decay and never below the limit of the bucket, so a slab is back at its limit a
/// few decays after a burst.
export class demand_tracked {
public:
    static constexpr bool tracks_demand = true;

    /// The most packets that one decay frees per bucket, so that a timer callback stays short. A
    /// mark of up to 4096 packets is back at a limit of ten after 16 decays.
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

/// Decays after the end of the traffic until a total of `packets`, all idle, is down to `limit`.
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
static_assert(decays_to_limit(4096, 10) <= 15, "16 with the decay whose window holds the peak");

} // namespace pktpool
