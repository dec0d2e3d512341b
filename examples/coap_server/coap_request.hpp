// A request with its options decoded (RFC 7252 section 5.10, RFC 7641, RFC 7959).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "coap_message.hpp"

namespace coap {

/// Text as in a segment of a path (RFC 3986).
std::string percent_encoded(std::string_view text);

struct request {
    std::string path; ///< the segments, percent-encoded and joined by '/'
    std::optional<std::uint32_t> observe{};
    std::optional<std::uint16_t> format{};
    std::optional<std::uint16_t> accept{};
    std::optional<block> block1{}; ///< of the body of the request
    std::optional<block> block2{}; ///< of the body of the answer
    code refusal = code::empty;    ///< the answer to a request that is not understood
};

request read_request(message const& m);

} // namespace coap
