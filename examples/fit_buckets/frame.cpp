#include "frame.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace fit {

namespace {

using bytes = std::span<std::byte const>;

constexpr std::size_t udp_header = 8; // RFC 768
constexpr unsigned protocol_udp = 17;

constexpr unsigned type_ipv4 = 0x0800; // EtherTypes of the IEEE
constexpr unsigned type_ipv6 = 0x86dd;
constexpr std::array vlan_tags{0x8100U, 0x88a8U, 0x9100U}; // 802.1Q, 802.1ad, QinQ before 802.1ad
constexpr std::size_t vlan_tag = 4;

unsigned u8(bytes from, std::size_t at)
{
    return std::to_integer<unsigned>(from[at]);
}

/// In network order.
unsigned u16(bytes from, std::size_t at)
{
    return u8(from, at) << 8U | u8(from, at + 1);
}

frame kind(frame_kind what)
{
    return {.kind = what};
}

/// `present`: bytes of the IP packet behind the headers so far; of a first fragment no bound is
/// known.
frame parse_udp(bytes rest, std::size_t present, bool ipv6)
{
    if (present < udp_header) {
        return kind(frame_kind::malformed);
    }
    if (rest.size() < udp_header) {
        return kind(frame_kind::cut);
    }
    auto const length = u16(rest, 4);
    if (length < udp_header || length > present) {
        return kind(frame_kind::malformed);
    }
    return {.kind = frame_kind::udp,
            .ipv6 = ipv6,
            .size = static_cast<std::uint16_t>(length - udp_header)};
}

constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();

frame parse_ipv4(bytes packet) // RFC 791 section 3.1
{
    constexpr std::size_t least = 20;
    if (packet.size() < least) {
        return kind(frame_kind::cut);
    }
    std::size_t const header = std::size_t{4} * (u8(packet, 0) & 0xfU);
    std::size_t const total = u16(packet, 2);
    if (u8(packet, 0) >> 4U != 4 || header < least || total < header) {
        return kind(frame_kind::malformed);
    }
    if (u8(packet, 9) != protocol_udp) {
        return kind(frame_kind::other_protocol);
    }
    auto const fragment = u16(packet, 6);
    if ((fragment & 0x1fffU) != 0) {
        return kind(frame_kind::later_fragment);
    }
    if (packet.size() < header) {
        return kind(frame_kind::cut);
    }
    bool const more_fragments = (fragment & 0x2000U) != 0;
    return parse_udp(packet.subspan(header), more_fragments ? unknown : total - header, false);
}

/// Bytes of an extension header of IPv6; 0 if `type` is none. RFC 8200 section 4, RFC 4302.
std::size_t extension_size(unsigned type, unsigned length)
{
    switch (type) {
    case 0:   // hop-by-hop options
    case 43:  // routing
    case 60:  // destination options
    case 135: // mobility
    case 139: // host identity
    case 140: // shim6
        return (length + 1) * std::size_t{8};
    case 44: // fragment
        return 8;
    case 51: // authentication
        return (length + 2) * std::size_t{4};
    default:
        return 0;
    }
}

frame parse_ipv6(bytes packet) // RFC 8200 section 3
{
    constexpr std::size_t header = 40;
    if (packet.size() < header) {
        return kind(frame_kind::cut);
    }
    if (u8(packet, 0) >> 4U != 6) {
        return kind(frame_kind::malformed);
    }
    std::size_t present = u16(packet, 4);
    auto next = u8(packet, 6);
    auto rest = packet.subspan(header);
    bool first_fragment = false;
    while (next != protocol_udp) {
        if (extension_size(next, 0) == 0) {
            return kind(frame_kind::other_protocol);
        }
        if (rest.size() < 8) { // the least of every extension header
            return kind(present < 8 ? frame_kind::malformed : frame_kind::cut);
        }
        auto const size = extension_size(next, u8(rest, 1));
        if (size > present) {
            return kind(frame_kind::malformed);
        }
        if (size > rest.size()) {
            return kind(frame_kind::cut);
        }
        if (next == 44) {
            auto const fragment = u16(rest, 2);
            if ((fragment & 0xfff8U) != 0) {
                return kind(u8(rest, 0) == protocol_udp ? frame_kind::later_fragment
                                                        : frame_kind::other_protocol);
            }
            first_fragment = first_fragment || (fragment & 1U) != 0;
        }
        next = u8(rest, 0);
        rest = rest.subspan(size);
        present -= size;
    }
    return parse_udp(rest, first_fragment ? unknown : present, true);
}

/// A packet of the protocol `type`, perhaps behind VLAN tags.
frame parse_network(unsigned type, bytes rest)
{
    while (std::ranges::find(vlan_tags, type) != vlan_tags.end()) {
        if (rest.size() < vlan_tag) {
            return kind(frame_kind::cut);
        }
        type = u16(rest, 2);
        rest = rest.subspan(vlan_tag);
    }
    switch (type) {
    case type_ipv4:
        return parse_ipv4(rest);
    case type_ipv6:
        return parse_ipv6(rest);
    default:
        return kind(frame_kind::other_protocol);
    }
}

/// The link's header has `header` bytes, and the type of what follows at `type_at`.
frame behind(bytes captured, std::size_t header, std::size_t type_at)
{
    return captured.size() < header
               ? kind(frame_kind::cut)
               : parse_network(u16(captured, type_at), captured.subspan(header));
}

frame parse_raw(bytes packet)
{
    if (packet.empty()) {
        return kind(frame_kind::cut);
    }
    switch (u8(packet, 0) >> 4U) {
    case 4:
        return parse_ipv4(packet);
    case 6:
        return parse_ipv6(packet);
    default:
        return kind(frame_kind::other_protocol);
    }
}

frame parse_loopback(bytes captured)
{
    constexpr std::size_t header = 4;
    if (captured.size() < header) {
        return kind(frame_kind::cut);
    }
    // 4 bytes in the byte order of the host that captured; a family is below 65536.
    auto const high = u16(captured, 0);
    auto const low = u16(captured, 2);
    if (high != 0 && low != 0) {
        return kind(frame_kind::other_protocol);
    }
    auto const family = high == 0 ? low : u8(captured, 1) << 8U | u8(captured, 0);
    switch (family) {
    case 2: // IPv4
        return parse_ipv4(captured.subspan(header));
    case 10: // IPv6 on Linux, NetBSD and OpenBSD (24), FreeBSD (28), macOS (30)
    case 24:
    case 28:
    case 30:
        return parse_ipv6(captured.subspan(header));
    default:
        return kind(frame_kind::other_protocol);
    }
}

} // namespace

frame parse_frame(link_layer link, bytes captured) noexcept
{
    switch (link) {
    case link_layer::ethernet:
        return behind(captured, 14, 12);
    case link_layer::linux_cooked:
        return behind(captured, 16, 14);
    case link_layer::linux_cooked_v2:
        return behind(captured, 20, 0);
    case link_layer::raw_ip:
        return parse_raw(captured);
    case link_layer::loopback:
        return parse_loopback(captured);
    }
    return kind(frame_kind::other_protocol);
}

} // namespace fit
