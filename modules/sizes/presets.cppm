// Bucket policies for protocols. Sizes are UDP payloads in bytes, computed from the numbers of the
// protocols' documents.
module;
#include <gsl/assert>

export module pktpool:sizes.presets;

import pktpool.standard;
import :sizes.bucket;
import :sizes.fragmentation;

namespace pktpool {

/// The IP version of a socket. For a dual-stack socket each size is the larger of both.
export enum class ip : std::uint8_t { v4, v6, dual };

inline constexpr std::size_t ipv6_header = 40;    // RFC 8200 section 3, without extensions
inline constexpr std::size_t ipv6_min_mtu = 1280; // RFC 8200 section 5
inline constexpr std::size_t jumbo_mtu = 9000;    // a convention, no standard

/// UDP payload in bytes that fits one IP packet of `mtu` bytes.
export [[nodiscard]] consteval std::size_t udp_payload(std::size_t mtu, ip family)
{
    auto const headers = udp_header + (family == ip::v6 ? ipv6_header : ipv4_header);
    Expects(mtu >= headers);
    return mtu - headers;
}

/// UDP payload that every host accepts over IPv4 (RFC 791 section 3.1), and that every link carries
/// over IPv6 (RFC 8200 section 5).
[[nodiscard]] consteval std::size_t floor_payload(ip family)
{
    return family == ip::v4 ? udp_payload(inet_min_mtu, ip::v4) : udp_payload(ipv6_min_mtu, ip::v6);
}
[[nodiscard]] consteval std::size_t ethernet_payload(ip family)
{
    return udp_payload(ethernet_mtu, family);
}

static_assert(floor_payload(ip::v4) == 548 && floor_payload(ip::v6) == 1232);
static_assert(floor_payload(ip::dual) == 1232);
static_assert(ethernet_payload(ip::v4) == 1472 && ethernet_payload(ip::v6) == 1452);
static_assert(ethernet_payload(ip::dual) == 1472);

// Limits: four recvmmsg(2) batches of 64 packets for the sizes that carry the data, one batch for
// rarer sizes, a few packets for large sizes.
inline constexpr std::size_t many = 256;
inline constexpr std::size_t some = 64;
inline constexpr std::size_t few = 8;

/// uTP: an acknowledgement with extensions, the MTU floor, the ceiling of Ethernet.
export template <ip F>
struct utp_buckets {
    static constexpr std::array buckets{
        bucket{.size = 64, .limit = many},
        bucket{.size = floor_payload(F), .limit = some},
        bucket{.size = ethernet_payload(F), .limit = many},
    };
};
inline constexpr std::size_t utp_extension = 2; // BEP 29: the two bytes in front of each
static_assert(utp_header + utp_extension + 40 <= 64, "a selective ack of 320 packets fits");
static_assert(worst_fragmentation<utp_buckets<ip::v4>>(0, 1472) == 1472 - 549);
static_assert(worst_fragmentation<utp_buckets<ip::v6>>(0, 1452) == 1232 - 65);
static_assert(worst_fragmentation<utp_buckets<ip::dual>>(0, 1472) == 1232 - 65);

/// QUIC: acknowledgements; an MTU of 1280; Ethernet; the most bytes of one receive with UDP_GRO or
/// one send with UDP_SEGMENT (udp(7)).
export template <ip F>
struct quic_buckets {
    static constexpr std::array buckets{
        bucket{.size = 128, .limit = some},
        bucket{.size = udp_payload(ipv6_min_mtu, F), .limit = many},
        bucket{.size = ethernet_payload(F), .limit = many},
        bucket{.size = max_packet_size, .limit = few},
    };
};
inline constexpr std::size_t quic_min_initial = 1200; // RFC 9000 section 14.1
static_assert(quic_buckets<ip::v4>::buckets[1].size == 1252);
static_assert(bucket_index<quic_buckets<ip::v6>>(quic_min_initial) == 1);
static_assert(fragmentation_of<quic_buckets<ip::v4>>({quic_min_initial}).bytes() == 52);
static_assert(worst_fragmentation<quic_buckets<ip::v4>>(0, 1472) == 1252 - 129);
static_assert(worst_fragmentation<quic_buckets<ip::v6>>(0, 1452) == 1232 - 129);

/// DNS: queries and answers without EDNS; answers that IP does not fragment; the recommended
/// maximum; the receive buffer of EDNS; messages over TCP. The same sizes for each `F`.
export template <ip F>
struct dns_buckets {
    static constexpr std::array buckets{
        bucket{.size = 512, .limit = many},            // RFC 1035 section 4.2.1
        bucket{.size = 1232, .limit = many},           // DNS Flag Day 2020
        bucket{.size = 1400, .limit = some},           // RFC 9715 section 3.2
        bucket{.size = 4096, .limit = some},           // RFC 6891 section 6.2.5
        bucket{.size = max_packet_size, .limit = few}, // RFC 1035 section 4.2.2: a 16-bit length
    };
};
static_assert(dns_buckets<ip::v4>::buckets[1].size == udp_payload(ipv6_min_mtu, ip::v6));
static_assert(worst_fragmentation<dns_buckets<ip::v6>>(0, 1400) == 1232 - 513);
static_assert(worst_fragmentation<dns_buckets<ip::v6>>(0, 4096) == 4096 - 1401);

inline constexpr std::size_t aead_tag = 16;   // RFC 5116 section 5.1
inline constexpr std::size_t srtcp_index = 4; // RFC 3711 section 3.4, with the E flag

/// RTP and WebRTC: voice; STUN on an unknown path; the 1200 bytes that WebRTC sends at most (with
/// IPv6 the MTU floor holds them); Ethernet. The tailroom holds the tag of AES-GCM and the index of
/// SRTCP.
export template <ip F>
struct rtp_buckets {
    static constexpr auto buckets = [] {
        constexpr bucket voice{.size = 256, .limit = many};
        constexpr bucket floor{.size = floor_payload(F), .limit = many};
        constexpr bucket video{.size = 1200, .limit = many};
        constexpr bucket ceiling{.size = ethernet_payload(F), .limit = some};
        if constexpr (floor.size < video.size) {
            return std::array{voice, floor, video, ceiling};
        } else {
            return std::array{voice, floor, ceiling};
        }
    }();
    static constexpr std::size_t tailroom = aead_tag + srtcp_index;
};
static_assert(tailroom_of<rtp_buckets<ip::v4>> == 20 && tailroom_of<rtp_buckets<ip::v6>> == 20);
static_assert(worst_fragmentation<rtp_buckets<ip::v4>>(0, 1472) == 1200 - 549);
static_assert(worst_fragmentation<rtp_buckets<ip::v6>>(0, 1452) == 1232 - 257);

inline constexpr std::size_t dtls_record_header = 13;    // RFC 6347 section 4.1
inline constexpr std::size_t dtls_plaintext = 1U << 14U; // RFC 5246 section 6.2.1
inline constexpr std::size_t dtls_expansion = 2048;      // RFC 5246 section 6.2.3
inline constexpr std::size_t dtls13_expansion = 256;     // RFC 8446 section 5.2

/// DTLS: alerts and small records; the MTU floor; Ethernet; the largest record of 1.2, which is
/// larger than the largest of 1.3.
export template <ip F>
struct dtls_buckets {
    static constexpr std::array buckets{
        bucket{.size = 256, .limit = some},
        bucket{.size = floor_payload(F), .limit = some},
        bucket{.size = ethernet_payload(F), .limit = many},
        bucket{.size = dtls_record_header + dtls_plaintext + dtls_expansion, .limit = few},
    };
};
static_assert(dtls_buckets<ip::v4>::buckets[3].size == 18445);
static_assert(dtls13_expansion < dtls_expansion);
static_assert(worst_fragmentation<dtls_buckets<ip::v4>>(0, 1472) == 1472 - 549);
static_assert(worst_fragmentation<dtls_buckets<ip::v6>>(0, 1452) == 1232 - 257);

// The WireGuard paper, sections 5.4.2, 5.4.3, 5.4.7 and 5.4.6: the fields of each message.
inline constexpr std::size_t wireguard_initiation = 4 + 4 + 32 + (32 + 16) + (12 + 16) + 16 + 16;
inline constexpr std::size_t wireguard_response = 4 + 4 + 4 + 32 + (0 + 16) + 16 + 16;
inline constexpr std::size_t wireguard_cookie_reply = 4 + 4 + 24 + (16 + 16);
inline constexpr std::size_t wireguard_data_header = 4 + 4 + 8;

/// WireGuard: cookie replies and keepalives; the handshake; data; the most bytes of one receive
/// with UDP_GRO.
export template <ip F>
struct wireguard_buckets {
    static constexpr std::array buckets{
        bucket{.size = wireguard_cookie_reply, .limit = some},
        bucket{.size = wireguard_initiation, .limit = some},
        bucket{.size = ethernet_payload(F), .limit = many},
        bucket{.size = max_packet_size, .limit = few},
    };
};
static_assert(wireguard_initiation == 148 && wireguard_response == 92);
static_assert(wireguard_cookie_reply == 64 && wireguard_data_header + aead_tag == 32);
static_assert(bucket_index<wireguard_buckets<ip::v4>>(wireguard_response) == 1);
static_assert(worst_fragmentation<wireguard_buckets<ip::v4>>(0, 148) == 148 - 65);
static_assert(worst_fragmentation<wireguard_buckets<ip::v4>>(149, 1472) == 1472 - 149);
static_assert(worst_fragmentation<wireguard_buckets<ip::v6>>(149, 1452) == 1452 - 149);

inline constexpr std::size_t coap_message = 1152; // RFC 7252 section 4.6
inline constexpr std::size_t coap_payload = 1024; // RFC 7252 section 4.6, RFC 7959 section 2.2

/// CoAP: requests and acknowledgements; the MTU floor of IPv4; a block of 1024 bytes with its
/// header. The MTU floor of IPv6 is larger than that block.
export template <ip F>
struct coap_buckets {
    static constexpr std::array buckets{
        bucket{.size = 128, .limit = many},
        bucket{.size = std::min(coap_message, floor_payload(F)), .limit = some},
        bucket{.size = std::max(coap_message, floor_payload(F)), .limit = some},
    };
};
static_assert(coap_buckets<ip::v4>::buckets[2].size == coap_message);
static_assert(bucket_index<coap_buckets<ip::v6>>(coap_message) == 1);
static_assert(bucket_index<coap_buckets<ip::v4>>(128 + coap_payload) == 2);
static_assert(worst_fragmentation<coap_buckets<ip::v4>>(0, coap_message) == 1152 - 549);
static_assert(worst_fragmentation<coap_buckets<ip::v6>>(0, coap_message) == 1152 - 129);

/// Ethernet with frames of 9000 bytes: control messages; packets for links with an MTU of 1500;
/// data.
export template <ip F>
struct jumbo_buckets {
    static constexpr std::array buckets{
        bucket{.size = 256, .limit = some},
        bucket{.size = ethernet_payload(F), .limit = some},
        bucket{.size = udp_payload(jumbo_mtu, F), .limit = many},
    };
};
static_assert(jumbo_buckets<ip::v4>::buckets[2].size == 8972);
static_assert(jumbo_buckets<ip::v6>::buckets[2].size == 8952);
static_assert(worst_fragmentation<jumbo_buckets<ip::v4>>(0, 8972) == 8972 - 1473);
static_assert(worst_fragmentation<jumbo_buckets<ip::v6>>(0, 8952) == 8952 - 1453);

/// Headroom in bytes for the header of a UDP datagram through a SOCKS5 proxy: with an IPv4 address,
/// with an IPv6 address, and the maximum (RFC 1928 section 7: 2 + 1 + 1, the address, 2 for the
/// port).
export inline constexpr std::size_t socks5_header_ipv4 = 4 + 4 + 2;
export inline constexpr std::size_t socks5_header_ipv6 = 4 + 16 + 2;
export inline constexpr std::size_t socks5_header_max = 4 + (1 + 255) + 2;
/// Tailroom in bytes for the trailer of libsrtp 2 at most: a tag of 16, a master key identifier of
/// 128, and the index of SRTCP.
export inline constexpr std::size_t srtp_trailer_max = 16 + 128 + srtcp_index;
static_assert(socks5_header_max == 262 && srtp_trailer_max == 148);

} // namespace pktpool
