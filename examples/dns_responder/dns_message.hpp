// The DNS messages of a small server: reads queries (RFC 1035) with EDNS (RFC 6891), writes answers
// to one question. No I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <gsl/span>

namespace dns {

inline constexpr std::size_t header_size = 12;
inline constexpr std::size_t plain_size = 512;       ///< the largest answer without EDNS
inline constexpr std::size_t largest_message = 4096; ///< received or sent

inline constexpr std::uint16_t internet = 1; ///< the class IN

using bytes = gsl::span<std::byte const>;
using record_data = std::vector<std::byte>;

using record_type = std::uint16_t; // a query may have any type
namespace types {
inline constexpr record_type a = 1;
inline constexpr record_type txt = 16;
inline constexpr record_type aaaa = 28;
inline constexpr record_type opt = 41;
} // namespace types

enum class response_code : std::uint16_t {
    no_error = 0,
    format_error = 1,
    name_error = 3, ///< NXDOMAIN
    not_implemented = 4,
    refused = 5,
    bad_version = 16,
};

/// A name in wire format, in lower case, for comparisons.
class name {
public:
    static constexpr std::size_t longest = 255;
    static constexpr std::size_t longest_label = 63;

    /// Adds a label; the root has none. Returns false, and changes nothing, if the label does
    /// not fit.
    bool append(std::string_view label);
    bool append_root();

    [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

private:
    std::array<char, longest> text_{};
    std::size_t size_ = 0;
};

struct edns {
    std::uint16_t payload_size; ///< the largest answer that the client accepts
    std::uint8_t version;
};

/// The part of a query that could be read.
struct query {
    std::uint16_t id = 0;
    std::uint8_t opcode = 0;
    bool recursion_desired = false;
    bytes question; ///< as received
    name question_name;
    record_type type = 0;
    std::uint16_t record_class = 0;
    std::optional<dns::edns> edns;
    response_code problem = response_code::no_error; ///< else the answer has only this code
};

/// Nothing if no answer may be sent: the message has no header, or is an answer itself.
std::optional<query> read_query(bytes message);

/// The contents of an answer. The caller owns the records.
struct answer {
    response_code code = response_code::no_error;
    bool truncated = false;
    gsl::span<record_data const> records; ///< of the requested type
    std::size_t size = 0;                 ///< bytes on the wire
};

/// Leaves out the records and sets `truncated` if they exceed the client's size or
/// `max_size`.
answer plan_answer(query const& to, response_code code, gsl::span<record_data const> records,
                   std::size_t max_size);

/// Fills `out`, which has planned.size bytes.
void write_answer(query const& to, answer const& planned, gsl::span<std::byte> out);

} // namespace dns
