// Packet metadata: the user's part of a packet's header.
export module pktpool:policy.metadata;

import pktpool.standard;
import :sizes.bucket;
import :policy.member_names;

namespace pktpool {

template <class M>
concept metadata_can_be_a_base = std::is_class_v<M> && !std::is_final_v<M>;

/// A release and shrink_to_bucket() cannot handle a throwing move or destructor. `Metadata{}` may
/// throw.
template <class M>
concept metadata_moves_without_throwing =
    std::default_initializable<M> && std::is_nothrow_move_constructible_v<M> &&
    std::is_nothrow_move_assignable_v<M> && std::is_nothrow_destructible_v<M>;

template <class M>
concept metadata_alignment_fits = alignof(M) <= packet_alignment;

/// Tells metadata from policies of other kinds, which are often empty.
template <class M>
concept metadata_holds_data = !std::is_empty_v<M>;

/// `Metadata{}` is a constant expression: it does not throw and does not call the pool.
template <class M>
concept has_constant_default =
    requires { typename std::bool_constant<(static_cast<void>(M{}), true)>; };

/// The packet's own member would hide the one of the metadata.
template <class M>
concept metadata_has_no_name_of_a_packet = !has_a_name_of_a_packet<M>;

/// A class with data whose members become members of the packet. Each acquire constructs
/// `Metadata{}`; a release or a drop destroys it, so an idle packet owns nothing.
export template <class M>
concept packet_metadata =
    metadata_can_be_a_base<M> && metadata_moves_without_throwing<M> && metadata_alignment_fits<M> &&
    metadata_holds_data<M> && metadata_has_no_name_of_a_packet<M>;

// The Itanium ABI puts the packet's own members into the tail padding of its metadata. Microsoft's
// does not, so there these metadata have none: the header takes 16 bytes in both. A packet is
// aligned to 16 bytes, and so is send_time.
#if defined(_MSC_VER)
#    pragma pack(push, 1)
#endif
/// The per-packet metadata of libtorrent's uTP. `Clock` is the clock of the protocol: the system's,
/// or that of a simulator.
export template <class Clock = std::chrono::steady_clock>
struct basic_utp_metadata {
    typename Clock::time_point send_time{}; ///< of the last transmission
    std::uint8_t num_transmissions : 6 = 0; ///< at most 63
    bool need_resend : 1 = false;           ///< the packet was lost or timed out
    bool mtu_probe : 1 = false;             ///< sent with Don't Fragment to find the path MTU
};
#if defined(_MSC_VER)
#    pragma pack(pop)
#endif

export using utp_metadata = basic_utp_metadata<>;

static_assert(packet_metadata<utp_metadata> && has_constant_default<utp_metadata>);

} // namespace pktpool
