#include "frame.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include "frames.hpp"

namespace {

using fit::frame_kind;
using fit::link_layer;
using frames::bytes;
using frames::operator+; // NOLINT(misc-unused-using-decls): the check sees no operators

fit::frame parse(link_layer link, bytes const& frame)
{
    return fit::parse_frame(link, std::as_bytes(std::span(frame)));
}

void check_size(link_layer link, bytes const& frame, std::size_t size, bool ipv6)
{
    auto const found = parse(link, frame);
    CHECK(found.kind == frame_kind::udp);
    CHECK(found.size == size);
    CHECK(found.ipv6 == ipv6);
}

frame_kind kind_of(bytes const& packet)
{
    return parse(link_layer::raw_ip, packet).kind;
}

frames::extension fragment(unsigned offset_and_flag)
{
    return {.type = 44, .content = bytes{0, 0} + frames::u16(offset_and_flag) + bytes(4, 1)};
}

/// Options or routing data of `units` * 8 bytes.
frames::extension units_of_8(unsigned type, std::size_t units)
{
    bytes content(units * 8, 0);
    content[1] = static_cast<std::uint8_t>(units - 1);
    return {.type = type, .content = content};
}

frames::extension authentication(std::size_t bytes_of_it)
{
    bytes content(bytes_of_it, 0);
    content[1] = static_cast<std::uint8_t>(bytes_of_it / 4 - 2);
    return {.type = 51, .content = content};
}

} // namespace

TEST_CASE("frames: the UDP payload is found behind the header of every link layer")
{
    for (std::size_t const size : {0U, 1U, 512U, 1472U, 65507U}) {
        CAPTURE(size);
        auto const ipv4 = frames::ipv4(frames::udp(size));
        check_size(link_layer::ethernet, frames::ethernet(frames::type_ipv4, ipv4), size, false);
        check_size(link_layer::linux_cooked, frames::linux_cooked(frames::type_ipv4, ipv4), size,
                   false);
        check_size(link_layer::linux_cooked_v2, frames::linux_cooked_v2(frames::type_ipv4, ipv4),
                   size, false);
        check_size(link_layer::raw_ip, ipv4, size, false);
        check_size(link_layer::loopback, frames::loopback(2, ipv4), size, false);

        auto const ipv6 = frames::ipv6(frames::udp(size));
        check_size(link_layer::ethernet, frames::ethernet(frames::type_ipv6, ipv6), size, true);
        check_size(link_layer::linux_cooked, frames::linux_cooked(frames::type_ipv6, ipv6), size,
                   true);
        check_size(link_layer::linux_cooked_v2, frames::linux_cooked_v2(frames::type_ipv6, ipv6),
                   size, true);
        check_size(link_layer::raw_ip, ipv6, size, true);
        for (unsigned const family : {10U, 24U, 28U, 30U}) {
            check_size(link_layer::loopback, frames::loopback(family, ipv6), size, true);
            check_size(link_layer::loopback,
                       bytes{0, 0, 0, static_cast<std::uint8_t>(family)} + ipv6, size, true);
        }
    }
}

TEST_CASE("frames: padding behind a short packet does not count")
{
    auto const packet = frames::ipv4(frames::udp(3));
    check_size(link_layer::ethernet, frames::ethernet(frames::type_ipv4, packet) + bytes(15, 0), 3,
               false);
}

TEST_CASE("frames: VLAN tags are skipped, one or several")
{
    using frames::vlan;
    auto const inner = vlan(frames::type_ipv4, frames::ipv4(frames::udp(300)));
    check_size(link_layer::ethernet, frames::ethernet(0x8100, inner), 300, false);
    check_size(link_layer::ethernet, frames::ethernet(0x88a8, vlan(0x8100, inner)), 300, false);
    check_size(link_layer::ethernet, frames::ethernet(0x9100, vlan(0x9100, vlan(0x8100, inner))),
               300, false);
    check_size(link_layer::linux_cooked, frames::linux_cooked(0x8100, inner), 300, false);
    check_size(link_layer::linux_cooked_v2, frames::linux_cooked_v2(0x8100, inner), 300, false);
}

TEST_CASE("frames: options of IPv4 and extension headers of IPv6 are skipped")
{
    for (std::size_t const options : {4U, 20U, 40U}) {
        check_size(link_layer::raw_ip, frames::ipv4(frames::udp(100), {.options = options}), 100,
                   false);
    }
    for (unsigned const type : {0U, 43U, 60U, 135U, 139U, 140U}) {
        CAPTURE(type);
        for (std::size_t const units : {1U, 2U, 256U}) {
            check_size(link_layer::raw_ip,
                       frames::ipv6(frames::udp(100), {units_of_8(type, units)}), 100, true);
        }
    }
    check_size(link_layer::raw_ip, frames::ipv6(frames::udp(100), {authentication(24)}), 100, true);
    check_size(
        link_layer::raw_ip,
        frames::ipv6(frames::udp(100), {units_of_8(0, 1), units_of_8(60, 2), units_of_8(43, 3),
                                        fragment(0), authentication(12), units_of_8(60, 1)}),
        100, true);
}

TEST_CASE("frames: a first fragment states the size of the datagram, a later one counts as such")
{
    constexpr unsigned more = 0x2000;
    auto const first = frames::udp_of_length(4008, 1472);
    check_size(link_layer::raw_ip, frames::ipv4(first, {.fragment = more}), 4000, false);
    check_size(link_layer::raw_ip, frames::ipv6(first, {fragment(1)}), 4000, true);
    CHECK(kind_of(frames::ipv4(bytes(1472, 0), {.fragment = more | 185U})) ==
          frame_kind::later_fragment);
    CHECK(kind_of(frames::ipv4(bytes(100, 0), {.fragment = 370})) == frame_kind::later_fragment);
    CHECK(kind_of(frames::ipv6(bytes(100, 0), {fragment(1448U + 1)})) ==
          frame_kind::later_fragment);
    CHECK(kind_of(frames::ipv6(bytes(100, 0), {fragment(8)})) == frame_kind::later_fragment);
    // Of another protocol.
    CHECK(kind_of(frames::ipv4(bytes(100, 0), {.fragment = 370, .protocol = 1})) ==
          frame_kind::other_protocol);
    CHECK(kind_of(frames::ipv6(bytes(100, 0), {fragment(1448)}, 58)) == frame_kind::other_protocol);
}

TEST_CASE("frames: other protocols")
{
    CHECK(kind_of(frames::ipv4(bytes(40, 0), {.protocol = 6})) == frame_kind::other_protocol);
    for (unsigned const next : {6U, 50U, 58U, 59U, 255U}) {
        CHECK(kind_of(frames::ipv6(bytes(40, 0), {}, next)) == frame_kind::other_protocol);
    }
    CHECK(kind_of(bytes(60, 0)) == frame_kind::other_protocol);
    auto const of_type = [](unsigned type) {
        return parse(link_layer::ethernet, frames::ethernet(type, bytes(60, 0x45))).kind;
    };
    CHECK(of_type(0x0806) == frame_kind::other_protocol); // ARP
    CHECK(of_type(46) == frame_kind::other_protocol);     // a length: 802.3
    auto const packet = frames::ipv4(frames::udp(10));
    CHECK(parse(link_layer::loopback, frames::loopback(7, packet)).kind ==
          frame_kind::other_protocol);
    CHECK(parse(link_layer::loopback, bytes{2, 0, 0, 8} + packet).kind ==
          frame_kind::other_protocol);
}

TEST_CASE("frames: lengths that contradict each other are malformed")
{
    for (auto const& packet : {
             frames::ipv4(frames::udp_of_length(7, 0)),
             frames::ipv4(frames::udp_of_length(0, 100)),
             frames::ipv4(frames::udp_of_length(109, 100)),
             frames::ipv4(frames::udp(100), {.length_error = -1}),
             frames::ipv4(frames::udp(0), {.length_error = -9}), // shorter than its own header
             frames::ipv4(frames::udp(0), {.length_error = -1}),
             frames::ipv4(bytes(7, 0)),
             frames::ipv6(frames::udp_of_length(7, 0)),
             frames::ipv6(frames::udp_of_length(109, 100)),
             frames::ipv6(frames::udp(100), {}, 17, -1),
             frames::ipv6(bytes(7, 0)),
             frames::ipv6(bytes{}, {units_of_8(0, 2)}, 17, -8), // longer than the packet
             frames::ipv6(bytes{}, {{.type = 0, .content = bytes(7, 0)}}, 17),
         }) {
        CHECK(kind_of(packet) == frame_kind::malformed);
    }
    auto wrong = frames::ipv4(frames::udp(10));
    wrong[0] = 0x44; // a header of 16 bytes
    CHECK(kind_of(wrong) == frame_kind::malformed);
    auto const other_version = frames::ethernet(frames::type_ipv4, frames::ipv6(frames::udp(10)));
    CHECK(parse(link_layer::ethernet, other_version).kind == frame_kind::malformed);
    auto const the_other = frames::ethernet(frames::type_ipv6, bytes(48, 0x45));
    CHECK(parse(link_layer::ethernet, the_other).kind == frame_kind::malformed);
}

TEST_CASE("frames: cut anywhere in the headers a frame is cut, behind them it is whole")
{
    struct whole {
        link_layer link;
        bytes frame;
    };
    constexpr std::size_t size = 90;
    auto const ipv4 = frames::ipv4(frames::udp(size), {.options = 8});
    auto const ipv6 = frames::ipv6(
        frames::udp(size), {units_of_8(0, 2), fragment(0), authentication(16), units_of_8(60, 1)});
    for (auto const& [link, frame] : {
             whole{link_layer::ethernet,
                   frames::ethernet(0x88a8,
                                    frames::vlan(0x8100, frames::vlan(frames::type_ipv4, ipv4)))},
             whole{link_layer::ethernet, frames::ethernet(frames::type_ipv6, ipv6)},
             whole{link_layer::linux_cooked, frames::linux_cooked(frames::type_ipv4, ipv4)},
             whole{link_layer::linux_cooked_v2, frames::linux_cooked_v2(frames::type_ipv6, ipv6)},
             whole{link_layer::raw_ip, ipv4},
             whole{link_layer::raw_ip, ipv6},
             whole{link_layer::loopback, frames::loopback(2, ipv4)},
         }) {
        for (std::size_t length = 0; length <= frame.size(); ++length) {
            CAPTURE(length);
            auto const found =
                parse(link, bytes(frame.begin(), frame.begin() + static_cast<long>(length)));
            if (length + size < frame.size()) {
                CHECK(found.kind == frame_kind::cut);
                CHECK(found.size == 0);
            } else {
                CHECK(found.kind == frame_kind::udp);
                CHECK(found.size == size);
            }
        }
    }
}
