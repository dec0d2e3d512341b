#include "rtp_packet.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

#include <gsl/narrow>
#include <gsl/span>

namespace rtp {

namespace {

constexpr std::size_t fixed_size = 12;
constexpr std::size_t word = 4;

unsigned at(gsl::span<std::byte const> bytes, std::size_t offset)
{
    return std::to_integer<unsigned>(bytes[offset]);
}

std::uint16_t read16(gsl::span<std::byte const> bytes, std::size_t offset)
{
    return gsl::narrow<std::uint16_t>(at(bytes, offset) << 8 | at(bytes, offset + 1));
}

std::uint32_t read32(gsl::span<std::byte const> bytes, std::size_t offset)
{
    return std::uint32_t{read16(bytes, offset)} << 16 | read16(bytes, offset + 2);
}

bool is_version_2(gsl::span<std::byte const> bytes)
{
    return at(bytes, 0) >> 6 == 2;
}

} // namespace

std::optional<header> parse(gsl::span<std::byte const> datagram)
{
    if (datagram.size() < fixed_size || !is_version_2(datagram)) {
        return std::nullopt;
    }
    auto const first = at(datagram, 0);
    bool const has_padding = (first & 0x20) != 0;
    bool const has_extension = (first & 0x10) != 0;
    auto const sources = first & 0x0f;
    header result{
        .marker = (at(datagram, 1) & 0x80) != 0,
        .payload_type = gsl::narrow<std::uint8_t>(at(datagram, 1) & 0x7f),
        .sequence = read16(datagram, 2),
        .timestamp = read32(datagram, 4),
        .ssrc = read32(datagram, 8),
        .size = fixed_size + word * sources,
    };
    if (has_extension) {
        if (datagram.size() < result.size + word) {
            return std::nullopt;
        }
        result.size += word + word * read16(datagram, result.size + 2);
    }
    if (datagram.size() < result.size) {
        return std::nullopt;
    }
    if (has_padding) {
        result.padding = at(datagram, datagram.size() - 1); // includes itself
        if (result.padding == 0 || result.padding > datagram.size() - result.size) {
            return std::nullopt;
        }
    }
    return result;
}

bool is_rtcp(gsl::span<std::byte const> datagram)
{
    // The packet types of RTCP are, in RTP, the marker and a payload type from 64 to 95.
    return datagram.size() >= word && is_version_2(datagram) && at(datagram, 1) >= 192 &&
           at(datagram, 1) <= 223;
}

} // namespace rtp
