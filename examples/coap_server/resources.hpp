// The state of the server, bounded: resources, and bodies of which blocks are still missing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <asio/ip/udp.hpp>

#include "coap_message.hpp"

namespace coap {

using body = std::vector<std::byte>;
using endpoint = asio::ip::udp::endpoint;
using time_point = std::chrono::steady_clock::time_point;

struct resource {
    coap::body body;
    std::optional<std::uint16_t> format;
    std::uint32_t version = 0; ///< changes with each update
};

/// Resources are never removed, so a pointer to one stays valid.
class resources {
public:
    static constexpr std::string_view listing = ".well-known/core";

    /// Up to `most` resources, with up to `most_bytes` of names and bodies.
    resources(std::size_t most, std::size_t most_bytes);

    [[nodiscard]] resource const* find(std::string_view path) const;
    /// Whether a body of that size can be stored.
    [[nodiscard]] bool fits(std::string_view path, std::size_t size) const;
    /// Returns created, changed or too_large.
    code put(std::string const& path, coap::body content, std::optional<std::uint16_t> format);

private:
    std::size_t most_;
    std::size_t most_bytes_;
    std::size_t bytes_ = 0;
    std::map<std::string, resource, std::less<>>
        all_; ///< and the listing, which does not count towards the bound
    resource* list_;
};

/// Bodies that arrive block by block: a bounded number, of bounded size, for a bounded time.
class uploads {
public:
    static constexpr std::size_t most = 16;
    static constexpr std::chrono::seconds patience{60}; ///< from one block to the next

    explicit uploads(std::size_t most_bytes) : most_bytes_(most_bytes) {}

    struct progress {
        code answer = code::continue_;
        coap::body body{}; ///< complete if `answer` is content
    };
    progress add(endpoint const& peer, std::string const& path, block const& part, bytes payload,
                 time_point now);

private:
    struct upload {
        endpoint peer;
        std::string path;
        coap::body body{};
        time_point touched{};
    };

    std::size_t most_bytes_; ///< of all of them together
    std::size_t bytes_ = 0;
    std::vector<upload> all_;
};

} // namespace coap
