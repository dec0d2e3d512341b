// Every combination of the policies with one threading policy, the one in THREADING: each is a
// translation unit of its own.
#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>

#include "own_door.hpp"
#include "own_metadata.hpp"
#include "pool_subject.hpp"

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

using roomy_buckets = pktpool::with_room<pktpool::libtorrent_buckets, 10, 20>;

constexpr std::size_t trailer = 16; // bytes behind the buffer of a hardened packet

// 20 + 548 + 1472 + 1472 bytes and four headers of utp_metadata: to the byte.
using idle_bytes = pktpool::max_idle_bytes<3576>;

/// The branches of every combination would each be news to libFuzzer, and it would never be through
/// with them. It follows those of a few, which have all that the module has, and the model's.
constexpr bool leads = std::is_same_v<THREADING, fuzz::own_door>;

/// What a combination takes from an axis: some policies, or none.
template <class... Policies>
struct choice {};
template <class... Choices>
struct axis {};
/// Of one policy, with it and without it.
template <class Policy>
using optional = axis<choice<>, choice<Policy>>;

using keeping = axis<choice<>, choice<pktpool::return_on_drop>,
                     choice<pktpool::demand_tracked, pktpool::return_on_drop>>;

template <class Policy, class... Ps>
inline constexpr bool has = (std::is_same_v<Policy, Ps> || ...);

/// In front of the datagram up to the next multiple of its alignment, and behind it.
template <class Buckets>
inline constexpr std::size_t room_of =
    (pktpool::headroom_of<Buckets> + pktpool::packet_alignment - 1) / pktpool::packet_alignment *
        pktpool::packet_alignment +
    pktpool::tailroom_of<Buckets>;

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

    static constexpr bool hears_of_drops = has<pktpool::return_on_drop, Ps...> ||
                                           has<pktpool::hardened, Ps...> ||
                                           has<pktpool::counted, Ps...>;
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
                  .header_bytes = sizeof(typename pool::packet) + room_of<Buckets> +
                                  (has<pktpool::hardened, Ps...> ? trailer : 0),
                  .most_idle_bytes =
                      has<idle_bytes, Ps...> ? idle_bytes::most_idle_bytes : ~std::size_t{0},
                  .takes_resource = has<pktpool::pmr_source, Ps...>,
                  .returns_dropped = has<pktpool::return_on_drop, Ps...>,
                  .hears_of_drops = hears_of_drops,
                  .tracks_demand = has<pktpool::demand_tracked, Ps...>,
                  .slabs_on_heap = hears_of_drops,
                  .metadata_owns = has<fuzz::own_metadata, Ps...>,
                  .hardened = has<pktpool::hardened, Ps...>,
                  .clears = has<pktpool::clear_on_release, Ps...>,
                  .counts = has<pktpool::counted, Ps...>},
        .known_sizes = known_sizes,
        .make = make,
        .leads = leads,
    };
};

template <class... As, class... Bs>
constexpr choice<As..., Bs...> both(choice<As...>, choice<Bs...>)
{
    return {};
}

template <class Buckets, class... Taken>
void add(choice<Taken...>)
{
    fuzz::combinations().push_back(&combined<Buckets, Taken...>::numbered);
}
/// What was taken, with each choice of the next axis and all of the others.
template <class Buckets, class... Taken, class... Choices, class... Axes>
void add(choice<Taken...> taken, axis<Choices...>, Axes... rest)
{
    (add<Buckets>(both(taken, Choices{}), rest...), ...);
}

/// All that ships; and a few for libFuzzer to follow, with all that the module has.
void add_all()
{
    using pktpool::libtorrent_buckets;
    if constexpr (leads) {
        using bound_and_owning =
            axis<choice<>, choice<pktpool::pmr_source, fuzz::own_metadata, idle_bytes>>;
        using watched = axis<choice<>, choice<pktpool::clear_on_release, pktpool::counted>,
                             choice<pktpool::hardened, pktpool::counted>>;
        add<libtorrent_buckets>(choice<>{}, keeping{}, bound_and_owning{}, watched{});
        add<odd_buckets>(choice<>{}, keeping{}, bound_and_owning{}, watched{});
        add<roomy_buckets>(choice<>{}, keeping{}, bound_and_owning{}, watched{});
    } else {
        add<libtorrent_buckets>(choice<>{}, keeping{}, optional<pktpool::pmr_source>{},
                                optional<idle_bytes>{}, optional<pktpool::hardened>{},
                                optional<pktpool::clear_on_release>{},
                                optional<pktpool::counted>{});
    }
}

[[maybe_unused]] bool const added = (add_all(), true);

} // namespace
