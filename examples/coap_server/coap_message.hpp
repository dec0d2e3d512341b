// CoAP messages (RFC 7252) in memory: read in place, written into a buffer of the caller.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <gsl/span>

namespace coap {

using bytes = gsl::span<std::byte const>;

inline constexpr std::size_t largest_message = 1152; // RFC 7252 section 4.6
inline constexpr std::size_t longest_token = 8;

enum class kind : std::uint8_t { confirmable, non_confirmable, acknowledgement, reset };

constexpr std::uint8_t code_of(unsigned the_class, unsigned detail)
{
    return static_cast<std::uint8_t>(the_class << 5U | detail);
}

enum class code : std::uint8_t {
    empty = 0,
    get = code_of(0, 1),
    put = code_of(0, 3),
    created = code_of(2, 1),
    changed = code_of(2, 4),
    content = code_of(2, 5),
    continue_ = code_of(2, 31),
    bad_request = code_of(4, 0),
    bad_option = code_of(4, 2),
    not_found = code_of(4, 4),
    method_not_allowed = code_of(4, 5),
    not_acceptable = code_of(4, 6),
    incomplete = code_of(4, 8),
    too_large = code_of(4, 13),
    unavailable = code_of(5, 3),
    not_a_proxy = code_of(5, 5),
};

constexpr unsigned class_of(code c)
{
    return static_cast<unsigned>(c) >> 5U;
}

enum class option : std::uint16_t {
    uri_host = 3,
    observe = 6, // RFC 7641
    uri_port = 7,
    uri_path = 11,
    content_format = 12,
    uri_query = 15,
    accept = 17,
    block2 = 23, // RFC 7959
    block1 = 27,
    proxy_uri = 35,
    proxy_scheme = 39,
};

/// The four bytes at the start of every message.
struct header {
    kind type = kind::confirmable;
    coap::code code = coap::code::empty;
    std::uint16_t id = 0;
    std::size_t token_length = 0; ///< as received: up to 15
};

/// Nothing for a message that is too short to be answered, or of another version.
std::optional<header> read_header(bytes datagram);

/// Its spans point into the datagram.
struct message : header {
    bytes token;
    bytes options; ///< as received, and well-formed
    bytes payload;
};

/// Nothing for a message with a format error.
std::optional<message> read_message(bytes datagram);

struct option_value {
    coap::option number;
    bytes value;
};

/// Reads encoded options one by one, up to the payload marker.
class option_reader {
public:
    explicit option_reader(bytes encoded) : rest_(encoded) {}

    /// Nothing at the end, and after a format error.
    std::optional<option_value> next();
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bytes rest() const { return rest_; } ///< not yet read

private:
    std::optional<std::uint32_t> take(std::size_t size);
    std::optional<std::uint32_t> extended(std::uint32_t nibble);

    bytes rest_;
    std::uint32_t number_ = 0;
    bool failed_ = false;
};

/// A part of a body, as in the options Block1 and Block2.
struct block {
    std::uint32_t number = 0;
    bool more = false;
    std::uint8_t exponent = 6; ///< 0 to 6

    [[nodiscard]] std::size_t size() const { return std::size_t{16} << exponent; }
    [[nodiscard]] std::size_t offset() const { return number * size(); }
    [[nodiscard]] std::uint32_t to_value() const
    {
        return number << 4U | (more ? 8U : 0U) | exponent;
    }
};

/// Writes header, token and options of an answer, in ascending order. Contract: they fit the
/// buffer.
class writer {
public:
    writer(gsl::span<std::byte> buffer, header const& head, bytes token);

    /// Contract: not below the number of the option before.
    void add(option number, std::uint32_t value);
    void mark_payload() { put(0xff); }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    void put(unsigned byte);

    gsl::span<std::byte> buffer_;
    std::size_t size_ = 0;
    unsigned last_ = 0;
};

/// The most bytes that a writer needs here: header, token, four options with values, the marker.
inline constexpr std::size_t largest_head = 4 + longest_token + 4 * (2 + 4) + 1;

} // namespace coap
