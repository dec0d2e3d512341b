// The policies behind the bucket and the threading policy: any order, at most one of a kind.
module;
#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>

export module pktpool:policies;

import :source;
import :room;
import :metadata;
import :packet;
import :threading;
import :retention;
import :handle;
import :clearing;
import :guard;
import :life;
import :statistics;

namespace pktpool {

/// `static constexpr std::size_t most_idle_bytes`: the most bytes that all idle packets of a pool
/// take.
export template <class P>
concept idle_bound = requires {
    { P::most_idle_bytes } -> std::same_as<std::size_t const&>;
};

/// Off unless asked for: a packet that would take more than `Bytes` idle ones is freed on release.
export template <std::size_t Bytes>
struct max_idle_bytes {
    static constexpr std::size_t most_idle_bytes = Bytes;
};

/// The default: limits and retention alone say how much is idle.
struct unbounded_idle {
    static constexpr std::size_t most_idle_bytes = std::numeric_limits<std::size_t>::max();
};

template <class P>
struct is_retention : std::bool_constant<retention_policy<P>> {};
template <class P>
struct is_source : std::bool_constant<packet_source<P>> {};
template <class P>
struct is_drop : std::bool_constant<drop_policy<P>> {};
template <class P>
struct is_idle_bound : std::bool_constant<idle_bound<P>> {};
template <class P>
struct is_clearing : std::bool_constant<clearing_policy<P>> {};
template <class P>
struct is_hardening : std::bool_constant<hardening_policy<P>> {};
template <class P>
struct is_statistics : std::bool_constant<statistics_policy<P>> {};
/// Metadata is known by being nothing else: a policy with state has data, too.
template <class P>
struct is_metadata
    : std::bool_constant<packet_metadata<P> && !retention_policy<P> && !drop_policy<P> &&
                         !packet_source<P> && !idle_bound<P> && !clearing_policy<P> &&
                         !hardening_policy<P> && !statistics_policy<P>> {};

template <class P>
concept policy_of_a_known_kind =
    retention_policy<P> || drop_policy<P> || packet_source<P> || packet_metadata<P> ||
    idle_bound<P> || clearing_policy<P> || hardening_policy<P> || statistics_policy<P>;

/// Else a retention policy that lacks a function, or a threading policy out of its place, would
/// pass for metadata when it holds data.
template <class P>
concept policy_is_not_half_of_another_kind =
    !threading_has_enter<P> &&
    (retention_policy<P> || (!retention_has_ceiling<P> && !retention_has_surplus<P>));

template <template <class> class IsKind, class... Ps>
inline constexpr std::size_t how_many = (std::size_t{0} + ... + std::size_t{IsKind<Ps>::value});

template <class... Ps>
concept at_most_one_retention_policy = how_many<is_retention, Ps...> <= 1;
template <class... Ps>
concept at_most_one_drop_policy = how_many<is_drop, Ps...> <= 1;
template <class... Ps>
concept at_most_one_idle_bound = how_many<is_idle_bound, Ps...> <= 1;
template <class... Ps>
concept at_most_one_clearing_policy = how_many<is_clearing, Ps...> <= 1;
template <class... Ps>
concept at_most_one_hardening_policy = how_many<is_hardening, Ps...> <= 1;
template <class... Ps>
concept at_most_one_statistics_policy = how_many<is_statistics, Ps...> <= 1;
template <class... Ps>
concept at_most_one_packet_source = how_many<is_source, Ps...> <= 1;
template <class... Ps>
concept at_most_one_packet_metadata = how_many<is_metadata, Ps...> <= 1;

/// The first of Ps that is of the kind, else Default.
template <template <class> class IsKind, class Default, class... Ps>
struct select : std::type_identity<Default> {};
template <template <class> class IsKind, class Default, class P, class... Ps>
struct select<IsKind, Default, P, Ps...>
    : std::conditional_t<IsKind<P>::value, std::type_identity<P>, select<IsKind, Default, Ps...>> {
};

/// A dropped handle that is freed is never heard of again, so nobody knows what is outstanding.
template <class... Ps>
concept demand_is_tracked_only_with_return_on_drop =
    select<is_drop, free_on_drop, Ps...>::type::returns_dropped ||
    (!tracks_demand<typename select<is_retention, fixed_limit, Ps...>::type> &&
     select<is_retention, fixed_limit, Ps...>::type::ceiling(0) != no_ceiling);

/// What may follow the bucket and the threading policy of a slab or a pool.
export template <class... Ps>
concept further_policies =
    (policy_of_a_known_kind<Ps> && ...) && (policy_is_not_half_of_another_kind<Ps> && ...) &&
    at_most_one_retention_policy<Ps...> && at_most_one_drop_policy<Ps...> &&
    at_most_one_packet_source<Ps...> && at_most_one_packet_metadata<Ps...> &&
    at_most_one_idle_bound<Ps...> && at_most_one_clearing_policy<Ps...> &&
    at_most_one_hardening_policy<Ps...> && at_most_one_statistics_policy<Ps...> &&
    demand_is_tracked_only_with_return_on_drop<Ps...>;

/// The policies of a pool or a slab, each kind by name.
template <class Room, class... Ps>
    requires further_policies<Ps...>
struct policy_set {
    using retention = typename select<is_retention, fixed_limit, Ps...>::type;
    using drop = typename select<is_drop, free_on_drop, Ps...>::type;
    using source = typename select<is_source, heap_source, Ps...>::type;
    using metadata = typename select<is_metadata, utp_metadata, Ps...>::type;
    using idle_bound = typename select<is_idle_bound, unbounded_idle, Ps...>::type;
    using statistics = typename select<is_statistics, uncounted, Ps...>::type;
    using care = packet_care<typename select<is_hardening, not_hardened, Ps...>::type,
                             typename select<is_clearing, never_cleared, Ps...>::type>;
    using packet = basic_packet<metadata, Room, care>;

    /// Whether the pool hears of a handle that is destroyed.
    static constexpr bool hears_of_drops =
        drop::returns_dropped || care::hardened || statistics::counts;
};

/// A slab alone has nothing that dropped packets could return to or be counted by.
template <class... Ps>
concept policies_fit_a_slab =
    how_many<is_drop, Ps...> == 0 && how_many<is_idle_bound, Ps...> == 0 &&
    how_many<is_hardening, Ps...> == 0 && how_many<is_statistics, Ps...> == 0;

static_assert(std::is_same_v<policy_set<no_room>::packet, packet>);
static_assert(std::is_same_v<policy_set<no_room, utp_metadata, heap_source, fixed_limit>::source,
                             policy_set<no_room, heap_source, fixed_limit, utp_metadata>::source>);
static_assert(std::is_same_v<policy_set<no_room, demand_tracked, return_on_drop>::packet, packet>);
static_assert(!further_policies<heap_source, fixed_limit, heap_source>);
static_assert(!further_policies<demand_tracked>);
static_assert(further_policies<demand_tracked, return_on_drop>);

} // namespace pktpool
