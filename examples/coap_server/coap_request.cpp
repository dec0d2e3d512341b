#include "coap_request.hpp"

#include <algorithm>
#include <array>

#include <gsl/narrow>

namespace coap {

namespace {

/// An option that a request may have.
struct rule {
    option number;
    std::size_t shortest;
    std::size_t longest;
    bool repeats = false;
};

constexpr std::array rules{
    rule{option::uri_host, 1, 255},     rule{option::observe, 0, 3},
    rule{option::uri_port, 0, 2},       rule{option::uri_path, 0, 255, true},
    rule{option::content_format, 0, 2}, rule{option::uri_query, 0, 255, true},
    rule{option::accept, 0, 2},         rule{option::block2, 0, 3},
    rule{option::block1, 0, 3},         rule{option::proxy_uri, 1, 1034},
    rule{option::proxy_scheme, 1, 255},
};

/// An option of a wrong length, or one too many, counts as an unknown one (section 5.4).
bool is_known(option_value const& each, std::optional<option> before)
{
    auto const* const found = std::ranges::find(rules, each.number, &rule::number);
    return found != rules.end() && each.value.size() >= found->shortest &&
           each.value.size() <= found->longest && (found->repeats || each.number != before);
}

bool is_critical(option number)
{
    return (static_cast<unsigned>(number) & 1U) != 0;
}

std::uint32_t to_number(bytes value)
{
    std::uint32_t number = 0;
    for (auto const each : value) {
        number = number << 8U | std::to_integer<std::uint32_t>(each);
    }
    return number;
}

block to_block(bytes option, code& refusal)
{
    auto const value = to_number(option);
    if ((value & 7U) == 7) { // RFC 7959 section 2.2
        refusal = code::bad_request;
        return {};
    }
    return {.number = value >> 4U,
            .more = (value & 8U) != 0,
            .exponent = gsl::narrow_cast<std::uint8_t>(value & 7U)};
}

void add_segment(std::string& path, bytes value, bool is_first)
{
    std::string text;
    std::ranges::transform(value, std::back_inserter(text),
                           [](std::byte b) { return std::to_integer<char>(b); });
    path += (is_first ? "" : "/") + percent_encoded(text);
}

} // namespace

std::string percent_encoded(std::string_view text)
{
    constexpr std::string_view kept = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-._~!$&'()*+,;=:@";
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (char const c : text) {
        if (kept.find(c) != std::string_view::npos) {
            encoded += c;
        } else {
            auto const value = static_cast<unsigned char>(c);
            encoded += {'%', digits[value >> 4U], digits[value & 15U]};
        }
    }
    return encoded;
}

request read_request(message const& m)
{
    request r;
    option_reader reader(m.options);
    std::optional<option> before;
    while (auto const each = reader.next()) {
        bool const first = each->number != before;
        if (!is_known(*each, before)) {
            if (is_critical(each->number)) {
                r.refusal = code::bad_option;
                return r;
            }
            continue;
        }
        before = each->number;
        auto const small = [&] { return gsl::narrow<std::uint16_t>(to_number(each->value)); };
        switch (each->number) {
        case option::uri_path:
            add_segment(r.path, each->value, first);
            break;
        case option::observe:
            r.observe = to_number(each->value);
            break;
        case option::content_format:
            r.format = small();
            break;
        case option::accept:
            r.accept = small();
            break;
        case option::block1:
            r.block1 = to_block(each->value, r.refusal);
            break;
        case option::block2:
            r.block2 = to_block(each->value, r.refusal);
            break;
        case option::proxy_uri:
        case option::proxy_scheme:
            r.refusal = code::not_a_proxy;
            break;
        default:
            break; // host and port are those of the server, and no resource has a query
        }
    }
    return r;
}

} // namespace coap
