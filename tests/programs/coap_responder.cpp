#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <asio/ip/address.hpp>
#include <doctest/doctest.h>
#include <gsl/narrow>

#include "require_value.hpp"
#include "resources.hpp"
#include "responder.hpp"

using coap::block;
using coap::code;
using namespace std::chrono_literals;

namespace {

coap::body body_of(std::size_t size)
{
    coap::body result(size);
    for (std::size_t i = 0; i < size; ++i) {
        result[i] = gsl::narrow_cast<std::byte>(i * 7 + i / 256);
    }
    return result;
}

coap::endpoint peer(unsigned short port)
{
    return {asio::ip::make_address("192.0.2.1"), port};
}

struct fixture {
    static constexpr std::size_t most_bytes = 10'000;

    coap::resources resources{3, most_bytes};
    coap::responder responder{resources, most_bytes};
    coap::time_point now{};

    coap::answer get(std::string const& path, std::optional<block> part = {})
    {
        coap::message m;
        m.code = code::get;
        return responder.respond(m, {.path = path, .block2 = part}, peer(1), now);
    }
    code put(std::string const& path, coap::bytes payload, std::optional<block> part = {},
             unsigned short from = 1)
    {
        coap::message m;
        m.code = code::put;
        m.payload = payload;
        auto const a = responder.respond(m, {.path = path, .block1 = part}, peer(from), now);
        CHECK(a.block1.has_value() == (part.has_value() && class_of(a.result) == 2));
        return a.result;
    }
    /// The whole resource, block by block.
    code put_in_blocks(std::string const& path, coap::bytes payload, std::uint8_t exponent)
    {
        for (block part{.exponent = exponent};; ++part.number) {
            auto const rest = payload.subspan(part.offset());
            part.more = rest.size() > part.size();
            auto const result = put(path, rest.first(std::min(rest.size(), part.size())), part);
            if (!part.more || result != code::continue_) {
                return result;
            }
        }
    }
    bool holds(std::string const& path, coap::body const& expected)
    {
        auto const* const found = resources.find(path);
        return found != nullptr && found->body == expected;
    }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "coap: PUT creates and changes a resource, GET returns it")
{
    CHECK(get("a").result == code::not_found);
    CHECK(put("a", body_of(5)) == code::created);
    CHECK(put("a", body_of(6)) == code::changed);
    auto const a = get("a");
    CHECK(a.result == code::content);
    CHECK(std::ranges::equal(a.payload, body_of(6)));
    CHECK_FALSE(a.block2);
    CHECK(put("", body_of(1)) == code::method_not_allowed);
    CHECK(put(".well-known/core", body_of(1)) == code::method_not_allowed);
    coap::message m;
    m.code = code{4}; // DELETE
    CHECK(responder.respond(m, {.path = "a"}, peer(1), now).result == code::method_not_allowed);
}

TEST_CASE_FIXTURE(fixture, "coap: resources are listed in link format")
{
    CHECK(get(".well-known/core").payload.empty());
    put("a", body_of(1));
    put("b/c", body_of(1));
    put("a", body_of(2));
    std::string const expected = "</a>;obs,</b/c>;obs";
    auto const a = get(".well-known/core");
    CHECK(a.format == 40);
    CHECK(std::ranges::equal(a.payload, gsl::as_bytes(gsl::span(expected))));
}

TEST_CASE_FIXTURE(fixture, "coap: a large resource is read in blocks of any size")
{
    auto const whole = body_of(5000);
    CHECK(put_in_blocks("a", whole, 3) == code::created);
    CHECK(holds("a", whole));
    for (std::uint8_t exponent = 0; exponent <= 6; ++exponent) {
        coap::body read;
        bool more = true;
        for (block part{.exponent = exponent}; more; ++part.number) {
            auto const a = get("a", part);
            auto const sent = require_value(a.block2);
            CHECK(sent.number == part.number);
            read.insert(read.end(), a.payload.begin(), a.payload.end());
            more = sent.more;
        }
        CHECK(read == whole);
    }
    auto const first = get("a"); // without a block option
    CHECK(require_value(first.block2).to_value() == 8 + 6);
    CHECK(first.payload.size() == 1024);
    CHECK(get("a", block{.number = 5}).result == code::bad_request);
    CHECK(get("a", block{.number = (1U << 20U) - 1}).result == code::bad_request);
}

TEST_CASE_FIXTURE(fixture, "coap: blocks in the wrong order are refused")
{
    auto const part = body_of(16);
    CHECK(put("a", part, block{.number = 1, .more = true, .exponent = 0}) == code::incomplete);
    CHECK(put("a", part, block{.number = 0, .more = true, .exponent = 0}) == code::continue_);
    CHECK(put("a", part, block{.number = 2, .more = true, .exponent = 0}) == code::incomplete);
    CHECK(put("a", part, block{.number = 1, .more = true, .exponent = 0}) == code::incomplete);

    CHECK(put("a", part, block{.number = 0, .more = true, .exponent = 0}) == code::continue_);
    CHECK(put("a", part, block{.number = 0, .more = true, .exponent = 0}, 2) == code::continue_);
    CHECK(put("a", part, block{.number = 1, .exponent = 0}) == code::created); // without peer 2
    CHECK(put("a", body_of(8), block{.number = 1, .exponent = 0}, 2) == code::changed);
    CHECK(resources.find("a")->body.size() == 24);

    CHECK(put("b", body_of(8), block{.more = true, .exponent = 0}) == code::bad_request);
    CHECK(put("b", body_of(17), block{.exponent = 0}) == code::bad_request);
    CHECK(resources.find("b") == nullptr);
}

TEST_CASE_FIXTURE(fixture, "coap: the bytes and the number of resources are bounded")
{
    CHECK(put_in_blocks("a", body_of(most_bytes), 6) == code::too_large); // the name counts
    CHECK(put_in_blocks("a", body_of(most_bytes - 1), 6) == code::created);
    CHECK(put("b", {}) == code::too_large);
    CHECK(put_in_blocks("a", body_of(most_bytes), 6) == code::too_large);
    CHECK(put("a", {}) == code::changed); // this frees bytes
    CHECK(put("b", body_of(100)) == code::created);
    CHECK(put("c", body_of(100)) == code::created);
    CHECK(put("d", body_of(100)) == code::too_large); // one resource more than allowed
    auto const left = most_bytes - 3 - 100;           // without three names and b
    CHECK(put("c", body_of(left + 1)) == code::too_large);
    CHECK(holds("c", body_of(100)));
    CHECK(put("c", body_of(left)) == code::changed);
}

TEST_CASE_FIXTURE(fixture, "coap: incomplete bodies are bounded in number, bytes and age")
{
    auto const part = body_of(1024);
    block const first{.number = 0, .more = true};
    for (unsigned short from = 1; from <= 9; ++from) {
        CHECK(put("a", part, first, from) == code::continue_);
    }
    CHECK(put("a", part, first, 10) == code::too_large); // 10240 bytes
    now += 50s;
    CHECK(put("a", part, block{.number = 1, .more = true}, 1) == code::too_large);
    now += 11s; // the other bodies have expired
    CHECK(put("a", part, block{.number = 1, .more = true}, 2) == code::incomplete);
    for (unsigned short from = 1; from <= 9; ++from) {
        CHECK(put("a", part, first, from) == code::continue_);
    }
    now += 61s;
    block const small{.number = 0, .more = true, .exponent = 0};
    for (unsigned short from = 1; from <= coap::uploads::most; ++from) {
        CHECK(put("a", body_of(16), small, from) == code::continue_);
    }
    CHECK(put("a", body_of(16), small, 100) == code::unavailable);
    CHECK(put("a", body_of(16), small, 1) == code::continue_); // replaces its own body
}
