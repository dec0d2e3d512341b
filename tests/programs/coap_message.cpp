#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <gsl/narrow>
#include <gsl/span>

#include "coap_message.hpp"
#include "coap_request.hpp"
#include "require_value.hpp"

using coap::code;
using coap::kind;
using coap::option;

namespace {

using buffer = std::vector<std::byte>;

buffer to_bytes(std::vector<unsigned> const& values)
{
    buffer result(values.size());
    std::ranges::transform(values, result.begin(),
                           [](unsigned v) { return gsl::narrow_cast<std::byte>(v); });
    return result;
}

/// GET coap://.../a/bc with a token, Observe 0, Block2 1/0/64, and a payload, which GET should not
/// have.
buffer good()
{
    return to_bytes({0x42, 0x01, 0x12, 0x34, 0xaa, 0xbb,        // header, token
                     0x60, 0x51, 'a', 0x02, 'b', 'c',           // Observe, Uri-Path twice
                     0xc1, 0x12, 0xd1, 0x18, 0x05, 0xff, 'x'}); // Block2, 60, payload
}

coap::request request_of(std::vector<unsigned> options)
{
    options.insert(options.begin(), {0x40, 0x01, 0x00, 0x01});
    auto const bytes = to_bytes(options);
    return coap::read_request(require_value(coap::read_message(bytes)));
}

} // namespace

TEST_CASE("coap: a message is read in place")
{
    auto const bytes = good();
    auto const m = require_value(coap::read_message(bytes));
    CHECK(m.type == kind::confirmable);
    CHECK(m.code == code::get);
    CHECK(m.id == 0x1234);
    CHECK(m.token.data() == &bytes[4]);
    CHECK(m.token.size() == 2);
    CHECK(m.payload.data() == &bytes.back());
    CHECK(m.payload.size() == 1);
    auto const r = coap::read_request(m);
    CHECK(r.refusal == code::empty);
    CHECK(r.path == "a/bc");
    CHECK(r.observe == 0);
    auto const part = require_value(r.block2);
    CHECK(part.number == 1);
    CHECK(part.size() == 64);
    CHECK(part.offset() == 64);
    CHECK_FALSE(part.more);
    CHECK_FALSE(r.block1);
}

TEST_CASE("coap: a truncated message is a shorter one or malformed")
{
    auto const whole = good();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        buffer const cut(whole.begin(), whole.begin() + gsl::narrow<std::ptrdiff_t>(size));
        auto const m = coap::read_message(cut);
        CAPTURE(size);
        // A message may end between two options.
        bool const is_one =
            size == 6 || size == 7 || size == 9 || size == 12 || size == 14 || size == 17;
        CHECK(m.has_value() == is_one);
    }
}

TEST_CASE("coap: malformed messages")
{
    std::vector<std::vector<unsigned>> const malformed{
        {},
        {0x40},
        {0x40, 0x01, 0x00},
        {0x00, 0x01, 0x00, 0x01},                         // version 0
        {0x80, 0x01, 0x00, 0x01},                         // version 2
        {0x49, 0x01, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9},    // a token of nine bytes
        {0x41, 0x01, 0x00, 0x01},                         // the token is missing
        {0x41, 0x00, 0x00, 0x01, 0xaa},                   // empty, with a token
        {0x40, 0x00, 0x00, 0x01, 0xff, 'x'},              // empty, with a payload
        {0x40, 0x01, 0x00, 0x01, 0xff},                   // a payload marker without a payload
        {0x40, 0x01, 0x00, 0x01, 0xf0},                   // a delta of 15
        {0x40, 0x01, 0x00, 0x01, 0xbf},                   // a length of 15
        {0x40, 0x01, 0x00, 0x01, 0xd0},                   // the byte of the delta is missing
        {0x40, 0x01, 0x00, 0x01, 0xe0, 0x00},             // one of two bytes of the delta
        {0x40, 0x01, 0x00, 0x01, 0xbd},                   // the byte of the length is missing
        {0x40, 0x01, 0x00, 0x01, 0xbe, 0xff, 0xff},       // a value of 65804 bytes
        {0x40, 0x01, 0x00, 0x01, 0xb2, 'a'},              // a truncated value
        {0x40, 0x01, 0x00, 0x01, 0xe0, 0xff, 0xff},       // option 65804
        {0x40, 0x01, 0x00, 0x01, 0xe0, 0xfe, 0xf2, 0x10}, // option 65535, then one more
    };
    for (auto const& each : malformed) {
        CAPTURE(each);
        CHECK_FALSE(coap::read_message(to_bytes(each)));
    }
    CHECK(coap::read_message(to_bytes({0x40, 0x01, 0x00, 0x01, 0xe0, 0xfe, 0xf2})));
    CHECK(coap::read_message(to_bytes({0x40, 0x00, 0x00, 0x01})));
}

TEST_CASE("coap: requests that are not understood")
{
    CHECK(request_of({0x90}).refusal == code::bad_option);              // 9 is critical
    CHECK(request_of({0xd0, 0x01}).refusal == code::empty);             // 14 is not
    CHECK(request_of({0x10}).refusal == code::bad_option);              // If-Match
    CHECK(request_of({0xd1, 0x0a, 0x07}).refusal == code::bad_request); // a block of exponent 7
    CHECK(request_of({0xd4, 0x0a, 1, 1, 1, 1}).refusal == code::bad_option); // too long
    CHECK(request_of({0xd1, 0x0a, 0, 0x01, 0}).refusal == code::bad_option); // Block2 twice
    CHECK(request_of({0x60, 0x01, 1}).observe == 0);     // the second is ignored
    CHECK_FALSE(request_of({0x64, 0, 0, 0, 0}).observe); // too long
    CHECK(request_of({0xd1, 0x16, 'x'}).refusal == code::not_a_proxy);
    CHECK(request_of({0x31, 'h', 0x42, 0x16, 0x33, 0x81, 'q'}).refusal == code::empty);
}

TEST_CASE("coap: a path has one spelling")
{
    CHECK(request_of({}).path.empty());
    CHECK(request_of({0xb3, 'a', '/', 'b'}).path == "a%2Fb");
    CHECK(request_of({0xb0, 0x01, 'a', 0x00}).path == "/a/");
    CHECK(coap::percent_encoded("a b\xc3\xa4>") == "a%20b%C3%A4%3E");
}

TEST_CASE("coap: a written message is read back")
{
    std::array<std::byte, coap::largest_head> buffer{};
    auto const token = to_bytes({1, 2, 3, 4, 5, 6, 7, 8});
    coap::writer w(buffer, {.type = kind::acknowledgement, .code = code::content, .id = 0xfffe},
                   token);
    w.add(option::observe, 0xffffff);
    w.add(option::content_format, 0);
    w.add(option::block2, 0xfffffe);
    w.add(option::block1, 256);
    w.mark_payload();
    REQUIRE(w.size() < buffer.size());
    buffer.at(w.size()) = std::byte{'x'};
    auto const m = require_value(coap::read_message(gsl::span(buffer).first(w.size() + 1)));
    CHECK(m.type == kind::acknowledgement);
    CHECK(m.code == code::content);
    CHECK(m.id == 0xfffe);
    CHECK(std::ranges::equal(m.token, token));
    CHECK(m.payload.size() == 1);
    auto const r = coap::read_request(m);
    CHECK(r.observe == 0xffffff);
    CHECK(r.format == 0);
    CHECK(require_value(r.block2).to_value() == 0xfffffe);
    CHECK(require_value(r.block1).to_value() == 256);
}

TEST_CASE("coap: random messages are read within their bounds")
{
    std::minstd_rand random(42); // NOLINT(bugprone-random-generator-seed): the same every time
    std::uniform_int_distribution<int> byte(0, 255);
    std::uniform_int_distribution<std::size_t> length(0, 40);
    unsigned read = 0;
    for (int i = 0; i < 200'000; ++i) {
        buffer message(length(random)); // of the exact size, for AddressSanitizer
        std::ranges::generate(message, [&] { return gsl::narrow<std::byte>(byte(random)); });
        if (message.size() > 1 && i % 2 == 0) { // half of them get past the header
            message[0] = gsl::narrow_cast<std::byte>(0x40 | (byte(random) & 0x33));
        }
        if (auto const m = coap::read_message(message)) {
            ++read;
            auto const r = coap::read_request(*m);
            CHECK(r.path.size() <= 4 * message.size());
            CHECK(m->token.size() + m->options.size() + m->payload.size() <= message.size());
        }
    }
    CHECK(read > 1000);
}
