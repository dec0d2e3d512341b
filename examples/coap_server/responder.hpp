// The answer to a request, without a word of packets and sockets.
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
    bytes payload{}; ///< a part of the resource: valid until that changes

    /// Header, token and options; the payload is the caller's to add.
    [[nodiscard]] std::size_t write_head(gsl::span<std::byte> room, kind type, std::uint16_t id,
                                         bytes token) const;
};

/// The resource, or the block of it that is asked for; without being asked in blocks of 1024.
answer represent(resource const& what, std::optional<block> const& asked);

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
