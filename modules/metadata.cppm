// The user's part of a packet's header.
module;
#include <chrono>
#include <concepts>
#include <cstdint>
#include <type_traits>

export module pktpool:metadata;

import :source;

namespace pktpool {

template <class M>
concept metadata_can_be_a_base = std::is_class_v<M> && !std::is_final_v<M>;

/// A way back cannot throw, nor can a move to a smaller packet; `Metadata{}` may.
template <class M>
concept metadata_moves_without_throwing =
    std::default_initializable<M> && std::is_nothrow_move_constructible_v<M> &&
    std::is_nothrow_move_assignable_v<M> && std::is_nothrow_destructible_v<M>;

template <class M>
concept metadata_alignment_fits = alignof(M) <= packet_alignment;

/// Tells metadata from a policy of another kind; stateless classes are never metadata.
template <class M>
concept metadata_holds_data = !std::is_empty_v<M>;

template <class M>
concept metadata_is_not_half_a_source = !source_allocates<M> && !source_deallocates<M>;

/// The user's part of the header: a class with data whose members become members of the packet.
/// `Metadata{}` is made at each acquire and destroyed when the handle lets the packet go: an idle
/// packet owns nothing.
export template <class M>
concept packet_metadata =
    metadata_can_be_a_base<M> && metadata_moves_without_throwing<M> && metadata_alignment_fits<M> &&
    metadata_holds_data<M> && metadata_is_not_half_a_source<M>;

/// What libtorrent's uTP keeps for each packet; `Clock` is the clock that the protocol reads, a
/// simulator's for one.
export template <class Clock = std::chrono::steady_clock>
struct basic_utp_metadata {
    typename Clock::time_point send_time{}; ///< when the packet was last sent
    std::uint8_t num_transmissions : 6 = 0; ///< how often it was sent, 63 at the most
    bool need_resend : 1 = false;           ///< lost, or timed out
    bool mtu_probe : 1 = false;             ///< sent with Don't Fragment to find the MTU
};

export using utp_metadata = basic_utp_metadata<>;

static_assert(packet_metadata<utp_metadata>);

} // namespace pktpool
