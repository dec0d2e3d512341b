// Parsing of RTP packets in examples/rtp_receiver.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <gsl/span>

#include "rtp_packet.hpp"

namespace {

using bytes = std::vector<std::byte>;

bytes to_bytes(std::initializer_list<int> values)
{
    bytes result(values.size());
    std::ranges::transform(values, result.begin(), [](int each) { return std::byte(each); });
    return result;
}

bytes operator+(bytes front, bytes const& back)
{
    front.insert(front.end(), back.begin(), back.end());
    return front;
}

/// Marker, payload type 96, sequence 0x0102, timestamp 0x03040506, source 0x0708090a.
bytes fixed(int first)
{
    return to_bytes({first, 0xe0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

bytes payload()
{
    return to_bytes({11, 12, 13, 14, 15});
}

bytes sources()
{
    return to_bytes({21, 22, 23, 24, 25, 26, 27, 28});
}

bytes extension()
{
    return to_bytes({0xbe, 0xde, 0, 1, 31, 32, 33, 34});
}

bytes no_extension()
{
    return to_bytes({0xbe, 0xde, 0, 0});
}

bytes padding()
{
    return to_bytes({0, 0, 3});
}

struct good_packet {
    char const* what;
    bytes datagram;
    std::size_t header;
    std::size_t padding;
};

std::vector<good_packet> good_packets()
{
    return {
        {"plain", fixed(0x80) + payload(), 12, 0},
        {"without payload", fixed(0x80), 12, 0},
        {"two sources", fixed(0x82) + sources() + payload(), 20, 0},
        {"extension", fixed(0x90) + extension() + payload(), 20, 0},
        {"extension of no words", fixed(0x90) + no_extension() + payload(), 16, 0},
        {"padding", fixed(0xa0) + payload() + padding(), 12, 3},
        {"nothing but padding", fixed(0xa0) + padding(), 12, 3},
        {"everything", fixed(0xb2) + sources() + extension() + payload() + padding(), 28, 3},
    };
}

} // namespace

TEST_CASE("rtp: well-formed packets")
{
    for (auto const& [what, datagram, header_size, padding_size] : good_packets()) {
        CAPTURE(what);
        CHECK_FALSE(rtp::is_rtcp(datagram));
        REQUIRE(rtp::parse(datagram).has_value());
        auto const header = rtp::parse(datagram).value_or(rtp::header{});
        CHECK(header.marker);
        CHECK(header.payload_type == 96);
        CHECK(header.sequence == 0x0102);
        CHECK(header.timestamp == 0x03040506);
        CHECK(header.ssrc == 0x0708090a);
        CHECK(header.size == header_size);
        CHECK(header.padding == padding_size);
    }
    auto const unmarked = to_bytes({0x80, 0x60, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    CHECK_FALSE(rtp::parse(unmarked).value_or(rtp::header{.marker = true}).marker);
}

TEST_CASE("rtp: malformed packets")
{
    struct {
        char const* what;
        bytes datagram;
    } const table[] = {
        {"empty", {}},
        {"version 0", fixed(0x00) + payload()},
        {"version 1", fixed(0x40) + payload()},
        {"version 3", fixed(0xc0) + payload()},
        {"more sources than bytes", fixed(0x83) + sources()},
        {"extension cut off", fixed(0x90) + to_bytes({0xbe, 0xde, 0})},
        {"extension longer than the packet",
         fixed(0x90) + to_bytes({0, 0, 0xff, 0xff}) + payload()},
        {"padding of no bytes", fixed(0xa0) + payload() + to_bytes({0})},
        {"padding longer than the payload", fixed(0xa0) + payload() + to_bytes({7})},
        {"padding without a byte", fixed(0xa0)},
    };
    for (auto const& [what, datagram] : table) {
        CAPTURE(what);
        CHECK_FALSE(rtp::parse(datagram));
    }
}

TEST_CASE("rtp: control packets")
{
    for (int type = 0; type < 256; ++type) {
        CAPTURE(type);
        bool const expected = type >= 192 && type <= 223;
        CHECK(rtp::is_rtcp(to_bytes({0x80, type, 0, 0})) == expected);
        CHECK_FALSE(rtp::is_rtcp(to_bytes({0x80, type, 0})));
        CHECK_FALSE(rtp::is_rtcp(to_bytes({0x40, type, 0, 0})));
    }
}

TEST_CASE("rtp: every truncated packet is malformed, or has less payload")
{
    for (auto const& [what, datagram, header_size, padding_size] : good_packets()) {
        for (std::size_t size = 0; size < datagram.size(); ++size) {
            CAPTURE(what);
            CAPTURE(size);
            // A copy of the exact size, so that AddressSanitizer reports reads behind it.
            bytes const cut(datagram.begin(), datagram.begin() + static_cast<std::ptrdiff_t>(size));
            auto const header = rtp::parse(cut);
            if (padding_size == 0) {
                CHECK(header.has_value() == (size >= header_size));
            } // else the last byte may be a valid padding count
            if (header) {
                CHECK(header->size == header_size);
                CHECK(header->size + header->padding <= size);
            }
        }
    }
}

TEST_CASE("rtp: random bytes are read within their bounds")
{
    std::size_t good = 0;
    for (unsigned seed = 0; seed < 4; ++seed) {
        std::mt19937 random(seed);
        for (int i = 0; i < 50'000; ++i) {
            bytes datagram(random() % 64);
            std::ranges::generate(datagram, [&] { return std::byte(random()); });
            if (!datagram.empty() && i % 2 == 0) {
                datagram[0] = (datagram[0] & std::byte{0x3f}) | std::byte{0x80};
            }
            static_cast<void>(rtp::is_rtcp(datagram));
            if (auto const header = rtp::parse(datagram)) {
                ++good;
                REQUIRE(header->size + header->padding <= datagram.size());
            }
        }
    }
    CHECK(good > 10'000);
}
