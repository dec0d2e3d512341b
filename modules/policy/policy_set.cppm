// The policies behind the bucket and the threading policy: their kinds, the rules for a list of
// them, and the choice of one per kind.
export module pktpool:policy.policy_set;

import pktpool.standard;
import :policy.member_names;
import :policy.source;
import :policy.threading;
import :policy.retention;
import :policy.metadata;
import :policy.options;

namespace pktpool {

template <class Default>
struct policy_kind {
    using default_policy = Default;
};

// The list of kinds, an entry each: which policies are of the kind, and the default. A new kind is
// an entry here and a name in kinds_but_metadata. If users write policies of the kind, a rule below
// tells which class is meant to be one, so that the compiler explains what it lacks.
struct retention_kind : policy_kind<fixed_limit> {
    template <class P>
    static constexpr bool has = retention_policy<P>;
};
struct source_kind : policy_kind<heap_source> {
    template <class P>
    static constexpr bool has = packet_source<P>;
};
struct drop_kind : policy_kind<free_on_drop> {
    template <class P>
    static constexpr bool has = drop_option<P>;
};
struct idle_bound_kind : policy_kind<no_idle_bound> {
    template <class P>
    static constexpr bool has = idle_bound_option<P>;
};
struct clearing_kind : policy_kind<not_given> {
    template <class P>
    static constexpr bool has = std::same_as<P, clear_on_release>;
};
struct counting_kind : policy_kind<not_given> {
    template <class P>
    static constexpr bool has = std::same_as<P, counted>;
};
struct hardening_kind : policy_kind<not_given> {
    template <class P>
    static constexpr bool has = hardening_policy<P>;
};

template <class... Kinds>
struct kind_list {
    template <class P>
    static constexpr bool has = (Kinds::template has<P> || ...);
};
using kinds_but_metadata = kind_list<retention_kind, source_kind, drop_kind, idle_bound_kind,
                                     clearing_kind, counting_kind, hardening_kind>;

/// A policy of another kind may hold data, too.
struct metadata_kind : policy_kind<utp_metadata> {
    template <class P>
    static constexpr bool has = packet_metadata<P> && !kinds_but_metadata::has<P>;
};

/// A threading policy stands before these policies.
template <class P>
concept threading_policy_is_second_argument_of_basic_packet_pool =
    !has_a_name_of_a_threading_policy<P>;

// A class that breaks a rule of its kind may hold data; it would count as metadata.
template <class P>
concept policy_with_ceiling_or_surplus_is_a_retention_policy =
    !has_a_name_of_a_retention_policy<P> || retention_policy<P>;
template <class P>
concept policy_with_allocate_or_deallocate_is_a_source =
    !has_a_name_of_a_source<P> || packet_source<P>;
template <class P>
concept policy_with_call_sites_or_reports_is_a_hardening_policy =
    !has_a_name_of_a_hardening_policy<P> || hardening_policy<P>;

template <class P>
concept policy_of_a_known_kind = kinds_but_metadata::has<P> || packet_metadata<P>;

template <class Kind, class... Ps>
inline constexpr std::size_t policies_of_kind =
    (std::size_t{0} + ... + std::size_t{Kind::template has<Ps>});

/// The first kind that is given twice, or not_given.
template <class Kinds, class... Ps>
struct repeated_kind : std::type_identity<not_given> {};
template <class Kind, class... Kinds, class... Ps>
struct repeated_kind<kind_list<Kind, Kinds...>, Ps...>
    : std::conditional_t<(policies_of_kind<Kind, Ps...> > 1), std::type_identity<Kind>,
                         repeated_kind<kind_list<Kinds...>, Ps...>> {};

template <class... Ps>
concept at_most_one_policy_of_a_kind =
    std::same_as<not_given, typename repeated_kind<kinds_but_metadata, Ps...>::type> &&
    std::same_as<not_given, typename repeated_kind<kind_list<metadata_kind>, Ps...>::type>;

/// The policy of the kind among `Ps`, or the default.
template <class Kind, class... Ps>
struct chosen_policy : std::type_identity<typename Kind::default_policy> {};
template <class Kind, class P, class... Ps>
struct chosen_policy<Kind, P, Ps...>
    : std::conditional_t<Kind::template has<P>, std::type_identity<P>, chosen_policy<Kind, Ps...>> {
};
template <class Kind, class... Ps>
using chosen = typename chosen_policy<Kind, Ps...>::type;

/// With free_on_drop a drop does not reach the pool, so the number of outstanding packets is
/// unknown.
template <class... Ps>
concept demand_is_tracked_only_with_return_on_drop =
    std::same_as<chosen<drop_kind, Ps...>, return_on_drop> ||
    (!tracks_demand<chosen<retention_kind, Ps...>> &&
     chosen<retention_kind, Ps...>::ceiling(0) != no_ceiling);

/// The policies that may follow the bucket and the threading policy of a pool or a slab.
export template <class... Ps>
concept further_policies =
    (threading_policy_is_second_argument_of_basic_packet_pool<Ps> && ...) &&
    (policy_with_ceiling_or_surplus_is_a_retention_policy<Ps> && ...) &&
    (policy_with_allocate_or_deallocate_is_a_source<Ps> && ...) &&
    (policy_with_call_sites_or_reports_is_a_hardening_policy<Ps> && ...) &&
    (policy_of_a_known_kind<Ps> && ...) && at_most_one_policy_of_a_kind<Ps...> &&
    demand_is_tracked_only_with_return_on_drop<Ps...>;

/// A slab alone returns no dropped packets, bounds no bytes, checks no packets and counts nothing.
template <class... Ps>
concept policies_fit_a_slab = ((retention_kind::has<Ps> || source_kind::has<Ps> ||
                                clearing_kind::has<Ps> || metadata_kind::has<Ps>) &&
                               ...);

/// A source says `static constexpr bool one_thread_only = true` if it must be called by one thread.
template <class S>
concept source_is_for_one_thread = requires { requires S::one_thread_only; };

/// With an owner the source frees packets on the threads that give them back.
template <class Threading, class... Ps>
concept source_may_be_called_by_the_threads_that_release =
    !allows_remote_release<Threading> || !source_is_for_one_thread<chosen<source_kind, Ps...>>;

/// A slab alone has no list for the packets of other threads.
template <class Threading>
concept slab_has_no_remote_release = !allows_remote_release<Threading>;

/// The policies of a pool or a slab by kind.
template <class... Ps>
    requires further_policies<Ps...>
struct policy_set {
    using retention = chosen<retention_kind, Ps...>;
    using source = chosen<source_kind, Ps...>;
    using metadata = chosen<metadata_kind, Ps...>;
    using hardening = chosen<hardening_kind, Ps...>;

    static constexpr bool returns_dropped = std::same_as<chosen<drop_kind, Ps...>, return_on_drop>;
    static constexpr bool clears = std::same_as<chosen<clearing_kind, Ps...>, clear_on_release>;
    static constexpr bool counts = std::same_as<chosen<counting_kind, Ps...>, counted>;
    static constexpr bool is_hardened = hardening_policy<hardening>;
    static constexpr std::size_t most_idle_bytes = chosen<idle_bound_kind, Ps...>::most_idle_bytes;

    /// Whether the drop of a handle calls the pool. The core of the pool then outlives it.
    static constexpr bool drops_reach_pool = returns_dropped || is_hardened || counts;
};

template <class Set>
concept has_policy_counted = Set::counts;
template <class Set>
concept has_policy_hardened = Set::is_hardened;

static_assert(std::same_as<policy_set<utp_metadata, heap_source, fixed_limit>::source,
                           policy_set<heap_source, fixed_limit, utp_metadata>::source>);
static_assert(
    std::same_as<repeated_kind<kinds_but_metadata, heap_source, fixed_limit, heap_source>::type,
                 source_kind>);
static_assert(!further_policies<heap_source, fixed_limit, heap_source>);
static_assert(!further_policies<demand_tracked>);
static_assert(further_policies<demand_tracked, return_on_drop>);

} // namespace pktpool
