#include "dns_message.hpp"

#include <algorithm>

#include <gsl/narrow>

namespace dns {

namespace {

constexpr std::uint16_t first_meta_type = 128; // up to 255: ANY, AXFR and similar types
constexpr std::uint16_t last_meta_type = 255;

/// A read past the end is recorded, and returns zeros.
class reader {
public:
    explicit reader(bytes message) : message_(message) {}

    [[nodiscard]] bool good() const { return good_; }
    [[nodiscard]] std::size_t position() const { return position_; }
    [[nodiscard]] bool at_end() const { return position_ == message_.size(); }

    bytes take(std::size_t count)
    {
        good_ = good_ && count <= message_.size() - position_;
        if (!good_) {
            return {};
        }
        position_ += count;
        return message_.subspan(position_ - count, count);
    }
    std::uint8_t u8()
    {
        auto const one = take(1);
        return one.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(one[0]);
    }
    std::uint16_t u16()
    {
        auto const high = u8();
        return gsl::narrow_cast<std::uint16_t>(high << 8 | u8());
    }

private:
    bytes message_;
    std::size_t position_ = 0;
    bool good_ = true;
};

char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::string_view as_text(bytes label)
{
    return {reinterpret_cast<char const*>(label.data()), label.size()};
}

/// The name of the question comes first, so there is nothing that it could point to.
bool read_name(reader& from, name& into)
{
    while (from.good()) {
        auto const length = from.u8();
        if (length == 0) {
            return from.good() && into.append_root();
        }
        if (length > name::longest_label || !into.append(as_text(from.take(length)))) {
            return false;
        }
    }
    return false;
}

/// Skips the name of a record. It follows no pointer, so there is no loop.
bool skip_name(reader& from)
{
    while (from.good()) {
        auto const length = from.u8();
        if (length >= 0xc0) {
            from.take(1);
            return from.good();
        }
        if (length == 0) {
            return from.good();
        }
        if (length > name::longest_label) {
            return false;
        }
        from.take(length);
    }
    return false;
}

bool options_are_whole(bytes options)
{
    reader from(options);
    while (from.good() && !from.at_end()) {
        from.u16();
        from.take(from.u16());
    }
    return from.good();
}

/// Only OPT is evaluated. Returns false if a record is malformed, or OPT is in the wrong section.
bool read_record(reader& from, bool additional, std::optional<edns>& opt)
{
    auto const begin = from.position();
    if (!skip_name(from)) {
        return false;
    }
    bool const of_root = from.position() == begin + 1;
    record_type const type = from.u16();
    auto const size_or_class = from.u16();
    from.u8(); // high bits of the response code
    auto const version = from.u8();
    from.u16(); // flags
    auto const data = from.take(from.u16());
    if (!from.good() || type != types::opt) {
        return from.good();
    }
    if (!additional || !of_root || opt) {
        return false;
    }
    opt = edns{.payload_size = size_or_class, .version = version};
    return options_are_whole(data);
}

response_code read_body(reader& from, std::array<std::uint16_t, 4> const& counts, bytes message,
                        query& into)
{
    if (into.opcode != 0) {
        return response_code::not_implemented;
    }
    if (counts[0] != 1 || !read_name(from, into.question_name)) { // RFC 9619: one question
        return response_code::format_error;
    }
    into.type = from.u16();
    into.record_class = from.u16();
    if (!from.good()) {
        return response_code::format_error;
    }
    into.question = message.subspan(header_size, from.position() - header_size);
    for (std::size_t section = 1; section < counts.size(); ++section) {
        for (unsigned i = 0; i < counts.at(section); ++i) {
            if (!read_record(from, section == 3, into.edns)) {
                return response_code::format_error;
            }
        }
    }
    if (!from.at_end()) {
        return response_code::format_error;
    }
    if (into.edns && into.edns->version > 0) {
        return response_code::bad_version;
    }
    bool const refused = into.record_class != internet || into.type == types::opt ||
                         (into.type >= first_meta_type && into.type <= last_meta_type);
    return refused ? response_code::refused : response_code::no_error;
}

} // namespace

bool name::append(std::string_view label)
{
    if (label.empty() || label.size() > longest_label || size_ + 1 + label.size() >= longest) {
        return false; // the root follows
    }
    text_.at(size_++) = static_cast<char>(label.size());
    std::ranges::transform(label, text_.begin() + static_cast<std::ptrdiff_t>(size_), lower);
    size_ += label.size();
    return true;
}

bool name::append_root()
{
    if (size_ == longest) {
        return false;
    }
    text_.at(size_++) = '\0';
    return true;
}

std::optional<query> read_query(bytes message)
{
    reader from(message);
    query result;
    result.id = from.u16();
    auto const flags = from.u16();
    std::array<std::uint16_t, 4> counts{};
    std::ranges::generate(counts, [&] { return from.u16(); });
    if (!from.good() || (flags & 0x8000U) != 0) {
        return std::nullopt;
    }
    result.opcode = gsl::narrow_cast<std::uint8_t>(flags >> 11 & 0xfU);
    result.recursion_desired = (flags & 0x0100U) != 0;
    result.problem = read_body(from, counts, message, result);
    return result;
}

} // namespace dns
