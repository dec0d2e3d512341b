// RTP packets as received: RFC 3550, sections 5.1 and 5.3.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <gsl/span>

namespace rtp {

struct header {
    bool marker = false;
    std::uint8_t payload_type = 0;
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t ssrc = 0;
    std::size_t size = 0;    ///< in bytes, with the contributing sources and the extension
    std::size_t padding = 0; ///< bytes behind the payload
};

/// Nothing if the datagram is not an RTP packet of version 2 whose parts fit in it.
std::optional<header> parse(gsl::span<std::byte const> datagram);

/// Whether it is a packet of RTCP, which may share the port: RFC 5761, section 4.
bool is_rtcp(gsl::span<std::byte const> datagram);

} // namespace rtp
