// A captured frame: finds its UDP datagram, and takes the size from the UDP header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fit {

/// What a frame begins with.
enum class link_layer : std::uint8_t {
    ethernet,
    linux_cooked,    ///< "any" interface of Linux, version 1
    linux_cooked_v2, ///< the same, version 2
    raw_ip,
    loopback, ///< of BSD systems: an address family of 4 bytes
};

enum class frame_kind : std::uint8_t {
    udp,            ///< whole, or the first fragment
    later_fragment, ///< of a UDP datagram: the first one states the size
    other_protocol, ///< not IP, or not UDP
    cut,            ///< the capture ends before the UDP header does
    malformed,      ///< its lengths contradict each other
};

struct frame {
    frame_kind kind = frame_kind::other_protocol;
    bool ipv6 = false;
    std::uint16_t size = 0; ///< bytes of UDP payload of the whole datagram; 0 if not udp
};

/// Reads the headers from the captured bytes, which may be fewer than the frame had. VLAN tags and
/// the extension headers of IPv6 are skipped. Never reads outside of `captured`. O(headers).
frame parse_frame(link_layer link, std::span<std::byte const> captured) noexcept;

} // namespace fit
