// Every combination of the policies with the threading policy THREADING. One translation unit per
// threading policy.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "checked_lock.hpp"
#include "pool_subject.hpp"
#include "watched_metadata.hpp"

import pktpool;

namespace {

/// A limit of 0, a limit of 1, and no size above the largest bucket.
struct odd_buckets {
    [[maybe_unused]] static constexpr std::array buckets{
        pktpool::bucket{.size = 1, .limit = 1},
        pktpool::bucket{.size = 33, .limit = 0},
        pktpool::bucket{.size = 300, .limit = 3},
        pktpool::bucket{.size = pktpool::max_packet_size, .limit = 2},
    };
};

using headroom_buckets = pktpool::with_headroom_tailroom<pktpool::libtorrent_buckets, 10, 20>;
using odd_buckets_with_headroom = pktpool::with_headroom_tailroom<odd_buckets, 64, 0>;

struct recorded_one_in_three : pktpool::hardened {
    [[maybe_unused]] static constexpr std::uint32_t call_sites_one_in = 3;
};

constexpr std::size_t trailer = 16; // bytes behind the buffer of a hardened packet

// 20 + 548 + 1472 + 1472 bytes and four headers of utp_metadata: to the byte.
using idle_bytes = pktpool::max_idle_bytes<3576>;

/// libFuzzer treats the branches of each combination as new code, and would never cover all of
/// them. It follows only a few combinations, which use all of the module, and the model.
constexpr bool is_instrumented = std::is_same_v<THREADING, fuzz::checked_lock>;

/// A number per threading policy.
constexpr std::size_t threading_number = std::is_same_v<THREADING, pktpool::single_threaded> ? 1
                                         : std::is_same_v<THREADING, pktpool::unchecked>     ? 2
                                         : pktpool::allows_remote_release<THREADING>         ? 3
                                                                                             : 0;

/// A choice of an axis: some policies, or none.
template <class... Policies>
struct choice {};
template <class... Choices>
struct axis {};
/// With the policy, or without it.
template <class Policy>
using optional = axis<choice<>, choice<Policy>>;

using keeping = axis<choice<>, choice<pktpool::return_on_drop>,
                     choice<pktpool::demand_tracked, pktpool::return_on_drop>>;

template <class Policy, class... Ps>
inline constexpr bool has = (std::is_same_v<Policy, Ps> || ...);

/// The choice of that number, modulo the number of choices.
template <std::size_t Number, class... Choices>
using in_turn = std::tuple_element_t<Number % sizeof...(Choices), std::tuple<Choices...>>;

template <class Buckets>
inline constexpr auto numbers = [] {
    std::array<fuzz::rules::bucket, Buckets::buckets.size()> result{};
    for (std::size_t i = 0; i < result.size(); ++i) {
        result[i] = {.size = Buckets::buckets[i].size, .limit = Buckets::buckets[i].limit};
    }
    return result;
}();

template <class Pool>
constexpr std::string_view name_of()
{
    std::string_view const function = __PRETTY_FUNCTION__;
    return function.substr(function.find('['));
}

template <class Buckets, class... Ps>
struct combined {
    using pool = pktpool::basic_packet_pool<Buckets, THREADING, Ps...>;
    using source = std::conditional_t<has<pktpool::pmr_source, Ps...>, pktpool::pmr_source,
                                      pktpool::heap_source>;

    static constexpr bool is_hardened =
        has<pktpool::hardened, Ps...> || has<recorded_one_in_three, Ps...>;
    static constexpr bool has_owner = pktpool::allows_remote_release<THREADING>;
    static constexpr bool drops_reach_pool = has<pktpool::return_on_drop, Ps...> || is_hardened ||
                                             has<pktpool::counted, Ps...> || has_owner;
    static constexpr bool metadata_is_watched =
        has<fuzz::owning_metadata, Ps...> || has<fuzz::copying_metadata, Ps...>;
    static constexpr std::size_t headroom = pktpool::headroom_of<Buckets>;
    static constexpr std::array<std::size_t, 2> known_sizes{Buckets::buckets[0].size + 1,
                                                            pktpool::max_packet_size};

    static std::unique_ptr<fuzz::subject> make()
    {
        return std::make_unique<fuzz::pool_subject<pool, source, known_sizes>>();
    }

    static constexpr std::string_view name() { return name_of<pool>(); }

    static constexpr fuzz::combination numbered{
        .name = name(),
        .rules = {.buckets = numbers<Buckets>,
                  .header_bytes = sizeof(typename pool::packet) + (is_hardened ? trailer : 0),
                  .padding = (pktpool::packet_alignment - headroom % pktpool::packet_alignment) %
                             pktpool::packet_alignment,
                  .headroom = headroom,
                  .tailroom = pktpool::tailroom_of<Buckets>,
                  .most_idle_bytes =
                      has<idle_bytes, Ps...> ? idle_bytes::most_idle_bytes : ~std::size_t{0},
                  .call_sites_one_in = has<pktpool::hardened, Ps...>
                                           ? pktpool::hardened::call_sites_one_in
                                       : is_hardened ? recorded_one_in_three::call_sites_one_in
                                                     : 0,
                  .metadata_flags = metadata_is_watched || has<fuzz::bare_metadata, Ps...>
                                        ? fuzz::other_flags
                                        : fuzz::utp_flags,
                  .takes_resource = has<pktpool::pmr_source, Ps...>,
                  .returns_dropped = has<pktpool::return_on_drop, Ps...>,
                  .drops_reach_pool = drops_reach_pool,
                  .tracks_demand = has<pktpool::demand_tracked, Ps...>,
                  .slabs_on_heap = drops_reach_pool,
                  .metadata_is_watched = metadata_is_watched,
                  .lock_is_checked = std::is_same_v<THREADING, fuzz::checked_lock>,
                  .clears = has<pktpool::clear_on_release, Ps...>,
                  .counts = has<pktpool::counted, Ps...>,
                  .has_owner = has_owner},
        .known_sizes = known_sizes,
        .make = make,
        .is_instrumented = is_instrumented,
    };
};

template <class... As, class... Bs>
constexpr choice<As..., Bs...> both(choice<As...>, choice<Bs...>)
{
    return {};
}

template <class Buckets, class... Ps>
void add_with(choice<Ps...>)
{
    using added = combined<Buckets, Ps...>;
    // The owner has to take every packet of such a pool, and its bound holds from then on only.
    if constexpr (!(added::has_owner && added::is_hardened && has<idle_bytes, Ps...>)) {
        fuzz::combinations().push_back(&added::numbered);
    }
}

/// Buckets and metadata are chosen in turn, not combined with everything. Their numbers, seven and
/// five, have no factor in common with those of the axes, so each meets each choice of every axis.
template <std::size_t Number, class... Taken>
void add(choice<Taken...>)
{
    using metadata =
        in_turn<Number + threading_number, choice<fuzz::bare_metadata>, choice<>,
                choice<fuzz::copying_metadata>, choice<>, choice<fuzz::owning_metadata>>;
    using buckets = in_turn<Number + threading_number, pktpool::libtorrent_buckets, odd_buckets,
                            headroom_buckets, pktpool::libtorrent_buckets,
                            odd_buckets_with_headroom, headroom_buckets, odd_buckets>;
    add_with<buckets>(both(choice<Taken...>{}, metadata{}));
}
/// Combines the choices so far with each choice of the next axis and of all others.
template <std::size_t Number, class... Taken, class... Choices, class... Axes>
void add(choice<Taken...> taken, axis<Choices...>, Axes... rest)
{
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (add<Number * sizeof...(Choices) + I>(both(taken, Choices{}), rest...), ...);
    }(std::index_sequence_for<Choices...>{});
}

/// All policies of the module; for libFuzzer's instrumentation a few combinations that use all of
/// it.
void add_all()
{
    if constexpr (is_instrumented) {
        add<0>(
            choice<>{}, keeping{},
            axis<choice<>, choice<pktpool::pmr_source>, choice<pktpool::pmr_source, idle_bytes>>{},
            axis<choice<>, choice<pktpool::clear_on_release, pktpool::counted>,
                 choice<pktpool::hardened, pktpool::counted>,
                 choice<recorded_one_in_three, pktpool::clear_on_release>>{},
            axis<choice<>, choice<>>{});
    } else {
        using hardening =
            std::conditional_t<threading_number == 2, recorded_one_in_three, pktpool::hardened>;
        add<0>(choice<>{}, keeping{}, optional<pktpool::pmr_source>{}, optional<idle_bytes>{},
               optional<hardening>{}, optional<pktpool::clear_on_release>{},
               optional<pktpool::counted>{});
    }
}

[[maybe_unused]] bool const added = (add_all(), true);

} // namespace
