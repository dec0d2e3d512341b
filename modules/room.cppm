// Room in front of a datagram and behind it, for headers and trailers that come later.
module;
#include <concepts>
#include <cstddef>
#include <type_traits>

export module pktpool:room;

import :source;
import :buckets;

namespace pktpool {

/// Bytes in front of every datagram of a policy: its `static constexpr std::size_t headroom`, or 0.
export template <bucket_policy B>
inline constexpr std::size_t headroom_of = [] {
    if constexpr (requires { B::headroom; }) {
        return std::size_t{B::headroom};
    } else {
        return std::size_t{0};
    }
}();

/// Bytes behind it: `static constexpr std::size_t tailroom`, or 0.
export template <bucket_policy B>
inline constexpr std::size_t tailroom_of = [] {
    if constexpr (requires { B::tailroom; }) {
        return std::size_t{B::tailroom};
    } else {
        return std::size_t{0};
    }
}();

/// What of it a packet has, on top of its capacity. The datagram stays aligned to packet_alignment,
/// so there may be some padding in front of the headroom.
template <std::size_t Headroom, std::size_t Tailroom>
struct room {
    static constexpr bool any = Headroom + Tailroom > 0;
    static constexpr std::size_t headroom = Headroom;
    static constexpr std::size_t tailroom = Tailroom;
    static constexpr std::size_t padding =
        (packet_alignment - Headroom % packet_alignment) % packet_alignment;
    static constexpr std::size_t front = padding + Headroom; ///< from the header to the datagram
};
using no_room = room<0, 0>;
template <bucket_policy B>
using room_of = room<headroom_of<B>, tailroom_of<B>>;

static_assert(room<10, 0>::padding == 6 && room<10, 0>::front == 16);
static_assert(room<16, 0>::padding == 0 && no_room::front == 0 && !no_room::any);

} // namespace pktpool
