// What a script does to a packet of any type, and what it reads. All names of pktpool depend on the
// packet type, so this header comes before the import.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "subject.hpp"

namespace fuzz {

/// A packet with metadata of watched_metadata.hpp or with utp_metadata.
template <class Packet>
void fill(Packet& packet, std::size_t size, std::size_t header_size, std::size_t sequence)
{
    packet.size = static_cast<std::uint16_t>(size);
    packet.header_size = static_cast<std::uint16_t>(header_size);
    if constexpr (requires { packet.send_time; }) {
        packet.send_time = std::chrono::steady_clock::time_point(
            std::chrono::steady_clock::duration(static_cast<std::int64_t>(sequence)));
        packet.num_transmissions = 63;
        packet.need_resend = true;
        packet.mtu_probe = true;
    } else {
        packet.sequence = static_cast<decltype(packet.sequence)>(sequence);
        if constexpr (requires { packet.owned; }) {
            packet.owned.take();
        } else {
            packet.acked = 1;
        }
    }
}
inline constexpr std::size_t utp_flags = 63 + 64 + 128; // set by fill()
inline constexpr std::size_t other_flags = 1;

template <class Packet>
packet_view view_of(Packet& packet)
{
    packet_view result{.data = packet.data(),
                       .packet = &packet,
                       .bucket = packet.bucket,
                       .allocated = packet.allocated,
                       .size = packet.used().size(),
                       .header_size = packet.used().size() - packet.payload().size()};
    if constexpr (requires { packet.headroom(); }) {
        result.headroom = packet.headroom();
        result.tailroom = packet.tailroom();
    }
    if constexpr (requires { packet.send_time; }) {
        result.sequence = static_cast<std::size_t>(packet.send_time.time_since_epoch().count());
        result.flags = packet.num_transmissions | (packet.need_resend ? 64U : 0U) |
                       (packet.mtu_probe ? 128U : 0U);
    } else {
        result.sequence = packet.sequence;
        if constexpr (requires { packet.owned; }) {
            result.flags = packet.owned.held() ? 1 : 0;
        } else {
            result.flags = packet.acked;
        }
    }
    return result;
}

template <class Packet>
std::span<std::byte> change(Packet& packet, action how, std::size_t bytes)
{
    auto const span = [](auto bytes_of) { return std::span(bytes_of.data(), bytes_of.size()); };
    if constexpr (requires { packet.headroom(); }) {
        switch (how) {
        case action::prepend:
            return span(packet.prepend(bytes));
        case action::append:
            return span(packet.append(bytes));
        case action::trim_start:
            packet.trim_start(bytes);
            break;
        case action::trim_end:
            packet.trim_end(bytes);
            break;
        default:
            break;
        }
    }
    if (how == action::buffer) {
        constexpr bool has_whole_capacity = !requires { packet.headroom(); };
        bool const whole = has_whole_capacity && bytes == packet.allocated;
        return span(whole ? packet.buffer() : packet.buffer(bytes));
    }
    if (how == action::reset) {
        packet.reset();
    }
    return {};
}

} // namespace fuzz
