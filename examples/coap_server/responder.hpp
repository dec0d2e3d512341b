// The answer to a request. Knows no packets and no sockets.
#pragma once

#include <cstdint>
#include <optional>

#include "coap_request.hpp"
#include "resources.hpp"

namespace coap {

struct answer {
    code result = code::content;
    std::optional<std::uint32_t> observe{};
    std::optional<std::uint16_t> format{};
    std::optional<block> block2{};
    std::optional<block> block1{};
    bytes payload{}; ///< a part of the resource: valid until the resource changes

    /// Writes header, token and options; the caller appends the payload.
    [[nodiscard]] std::size_t write_head(gsl::span<std::byte> buffer, kind type, std::uint16_t id,
                                         bytes token) const;
};

/// The resource, or the requested block of it; large resources in blocks of 1024 bytes by default.
answer represent(resource const& what, std::optional<block> const& requested);

class responder {
public:
    responder(coap::resources& resources, std::size_t most_bytes)
        : resources_(resources), uploads_(most_bytes)
    {
    }

    answer respond(message const& m, request const& r, endpoint const& peer, time_point now);

private:
    answer get(request const& r) const;
    answer put(bytes payload, request const& r, endpoint const& peer, time_point now);

    coap::resources& resources_;
    uploads uploads_;
};

} // namespace coap
