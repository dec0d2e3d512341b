// The policies behind the bucket and the threading policy: any order, at most one of a kind.
module;
#include <cstddef>
#include <type_traits>

export module pktpool:policies;

import :source;
import :packet;
import :retention;

namespace pktpool
{

template <class P>
struct is_retention : std::bool_constant<retention_policy<P>> {
};
template <class P>
struct is_source : std::bool_constant<packet_source<P>> {
};
template <class P>
struct is_metadata : std::bool_constant<packet_metadata<P>> {
};

template <class P>
concept policy_of_a_known_kind = retention_policy<P> || packet_source<P> || packet_metadata<P>;

template <template <class> class IsKind, class... Ps>
inline constexpr std::size_t how_many = (std::size_t{0} + ... + std::size_t{IsKind<Ps>::value});

template <class... Ps>
concept at_most_one_retention_policy = how_many<is_retention, Ps...> <= 1;
template <class... Ps>
concept at_most_one_packet_source = how_many<is_source, Ps...> <= 1;
template <class... Ps>
concept at_most_one_packet_metadata = how_many<is_metadata, Ps...> <= 1;

/// What may follow the bucket and the threading policy of a slab or a pool.
export template <class... Ps>
concept further_policies =
    (policy_of_a_known_kind<Ps> && ...) && at_most_one_retention_policy<Ps...> &&
    at_most_one_packet_source<Ps...> && at_most_one_packet_metadata<Ps...>;

/// The first of Ps that is of the kind, else Default.
template <template <class> class IsKind, class Default, class... Ps>
struct select : std::type_identity<Default> {
};
template <template <class> class IsKind, class Default, class P, class... Ps>
struct select<IsKind, Default, P, Ps...>
    : std::conditional_t<IsKind<P>::value, std::type_identity<P>, select<IsKind, Default, Ps...>> {
};

/// The policies of a pool, each kind by name.
template <class... Ps>
    requires further_policies<Ps...>
struct policy_set {
    using retention = typename select<is_retention, fixed_limit, Ps...>::type;
    using source = typename select<is_source, heap_source, Ps...>::type;
    using metadata = typename select<is_metadata, utp_metadata, Ps...>::type;
    using packet = basic_packet<metadata>;
    using packet_ptr = basic_packet_ptr<metadata, source>;
};

static_assert(std::is_same_v<policy_set<>::packet_ptr, packet_ptr>);
static_assert(std::is_same_v<policy_set<utp_metadata, heap_source, fixed_limit>::source,
                             policy_set<heap_source, fixed_limit, utp_metadata>::source>);
static_assert(!further_policies<heap_source, fixed_limit, heap_source>);

} // namespace pktpool
