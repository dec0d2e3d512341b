#include "coap_message.hpp"

#include <algorithm>

#include <gsl/assert>
#include <gsl/narrow>

namespace coap {

namespace {

constexpr std::size_t header_size = 4;
constexpr unsigned payload_marker = 0xff;

unsigned at(bytes from, std::size_t index)
{
    return std::to_integer<unsigned>(from[index]);
}

} // namespace

std::optional<header> read_header(bytes datagram)
{
    if (datagram.size() < header_size || at(datagram, 0) >> 6U != 1) {
        return std::nullopt;
    }
    return header{
        .type = kind{gsl::narrow_cast<std::uint8_t>(at(datagram, 0) >> 4U & 3U)},
        .code = code{gsl::narrow_cast<std::uint8_t>(at(datagram, 1))},
        .id = gsl::narrow_cast<std::uint16_t>(at(datagram, 2) << 8U | at(datagram, 3)),
        .token_length = at(datagram, 0) & 15U,
    };
}

std::optional<message> read_message(bytes datagram)
{
    auto const head = read_header(datagram);
    if (!head || head->token_length > longest_token ||
        header_size + head->token_length > datagram.size()) {
        return std::nullopt;
    }
    if (head->code == code::empty && datagram.size() != header_size) {
        return std::nullopt;
    }
    auto const behind = datagram.subspan(header_size + head->token_length);
    option_reader reader(behind);
    while (reader.next()) {}
    auto const rest = reader.rest();
    if (reader.failed() || rest.size() == 1) { // a payload marker without a payload
        return std::nullopt;
    }
    message m;
    static_cast<header&>(m) = *head;
    m.token = datagram.subspan(header_size, head->token_length);
    m.options = behind.first(behind.size() - rest.size());
    m.payload = rest.empty() ? rest : rest.subspan(1);
    return m;
}

std::optional<option_value> option_reader::next()
{
    if (failed_ || rest_.empty() || at(rest_, 0) == payload_marker) {
        return std::nullopt;
    }
    auto const first = at(rest_, 0);
    rest_ = rest_.subspan(1);
    auto const delta = extended(first >> 4U);
    auto const length = delta ? extended(first & 15U) : std::nullopt;
    failed_ = !length || *length > rest_.size() || number_ + *delta > 0xffff;
    if (failed_) {
        return std::nullopt;
    }
    number_ += *delta;
    option_value const read{option{gsl::narrow_cast<std::uint16_t>(number_)}, rest_.first(*length)};
    rest_ = rest_.subspan(*length);
    return read;
}

std::optional<std::uint32_t> option_reader::take(std::size_t size)
{
    if (rest_.size() < size) {
        return std::nullopt;
    }
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value = value << 8U | at(rest_, i);
    }
    rest_ = rest_.subspan(size);
    return value;
}

/// 13 and 14 mean one and two extension bytes; 15 is reserved for the payload marker.
std::optional<std::uint32_t> option_reader::extended(std::uint32_t nibble)
{
    if (nibble < 13) {
        return nibble;
    }
    auto const more = nibble == 15 ? std::nullopt : take(nibble - 12);
    return more ? std::optional(*more + (nibble == 13 ? 13U : 269U)) : std::nullopt;
}

writer::writer(gsl::span<std::byte> buffer, header const& head, bytes token) : buffer_(buffer)
{
    Expects(token.size() <= longest_token);
    put(1U << 6U | static_cast<unsigned>(head.type) << 4U | gsl::narrow<unsigned>(token.size()));
    put(static_cast<unsigned>(head.code));
    put(head.id >> 8U);
    put(head.id & 0xffU);
    for (auto const each : token) {
        put(std::to_integer<unsigned>(each));
    }
}

void writer::add(option number, std::uint32_t value)
{
    auto const delta = static_cast<unsigned>(number) - last_;
    Expects(static_cast<unsigned>(number) >= last_ && delta < 13 + 256);
    last_ = static_cast<unsigned>(number);
    unsigned length = 0; // 0 has no bytes
    while (length < 4 && value >> (8 * length) != 0) {
        ++length;
    }
    put(std::min(delta, 13U) << 4U | length);
    if (delta >= 13) {
        put(delta - 13);
    }
    while (length > 0) {
        put(value >> (8 * --length) & 0xffU);
    }
}

void writer::put(unsigned byte)
{
    buffer_[size_++] = gsl::narrow_cast<std::byte>(byte);
}

} // namespace coap
