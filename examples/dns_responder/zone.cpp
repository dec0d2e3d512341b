#include "zone.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <system_error>
#include <utility>

#include <asio/ip/address.hpp>
#include <gsl/narrow>

namespace dns {

namespace {

constexpr std::size_t longest_string = 255;                    // of a TXT record
constexpr std::size_t around_text = header_size + 4 + 12 + 11; // type and class, record header, OPT
constexpr std::string_view blanks = " \t\r";

constexpr std::array kinds{types::a, types::aaaa, types::txt};

/// kinds.size() for a type without records.
std::size_t index_of(record_type type)
{
    return gsl::narrow<std::size_t>(std::ranges::find(kinds, type) - kinds.begin());
}

/// Returns the first word of `text`, and removes it and the blanks behind it.
std::string_view next_word(std::string_view& rest)
{
    auto const word = rest.substr(0, rest.find_first_of(blanks));
    rest.remove_prefix(word.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
    return word;
}

bool is_of_a_host_name(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
}

name to_name(std::string_view text)
{
    auto const fail = [whole = std::string(text)] {
        return zone_error("\"" + whole + "\" is not a name of labels of 1 to 63 letters, digits, " +
                          "- or _, with 255 bytes at the most");
    };
    if (text.ends_with('.')) {
        text.remove_suffix(1);
    }
    name result;
    while (true) {
        auto const label = text.substr(0, text.find('.'));
        if (!std::ranges::all_of(label, is_of_a_host_name) || !result.append(label)) {
            throw fail();
        }
        if (label.size() == text.size()) {
            break;
        }
        text.remove_prefix(label.size() + 1);
    }
    if (!result.append_root()) {
        throw fail();
    }
    return result;
}

record_data to_strings(std::string_view text)
{
    record_data data;
    do {
        auto const piece = text.substr(0, longest_string);
        data.push_back(gsl::narrow_cast<std::byte>(piece.size()));
        std::ranges::transform(piece, std::back_inserter(data),
                               [](char letter) { return static_cast<std::byte>(letter); });
        text.remove_prefix(piece.size());
    } while (!text.empty());
    return data;
}

record_data to_data(auto const& address)
{
    auto const in_order = address.to_bytes();
    record_data data(in_order.size());
    std::ranges::transform(in_order, data.begin(), [](auto each) { return std::byte{each}; });
    return data;
}

void read_line(std::string_view line, zone& into)
{
    std::string_view rest = line;
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
    if (rest.starts_with("txt") && rest.find_first_of(blanks) == 3) {
        next_word(rest);
        auto const owner = to_name(next_word(rest));
        auto const text = rest.substr(0, rest.find_last_not_of('\r') + 1);
        auto data = to_strings(text);
        if (around_text + owner.view().size() + data.size() > largest_message) {
            throw zone_error("the text fits no answer of " + std::to_string(largest_message) +
                             " bytes");
        }
        into.add(owner, types::txt, std::move(data));
        return;
    }
    rest = rest.substr(0, rest.find('#'));
    if (rest.empty()) {
        return;
    }
    auto const first = next_word(rest);
    std::error_code error;
    auto const address = asio::ip::make_address(std::string(first), error);
    if (error || (address.is_v6() && address.to_v6().scope_id() != 0)) {
        throw zone_error("\"" + std::string(first) + "\" is neither an address nor txt");
    }
    if (rest.empty()) {
        throw zone_error("no name follows the address");
    }
    while (!rest.empty()) {
        auto const owner = to_name(next_word(rest));
        if (address.is_v4()) {
            into.add(owner, types::a, to_data(address.to_v4()));
        } else {
            into.add(owner, types::aaaa, to_data(address.to_v6()));
        }
    }
}

} // namespace

void zone::add(name const& owner, record_type type, record_data data)
{
    auto const key = owner.view();
    auto& list = names_[std::string(key)].at(index_of(type));
    if (std::ranges::find(list, data) == list.end()) {
        list.push_back(std::move(data));
    }
    // RFC 8020: if a name does not exist, no name below it does.
    for (auto above = key; above.size() > 1;) {
        above.remove_prefix(std::size_t{1} + static_cast<unsigned char>(above.front()));
        names_.try_emplace(std::string(above));
    }
}

std::optional<gsl::span<record_data const>> zone::find(name const& owner, record_type type) const
{
    auto const at = names_.find(owner.view());
    if (at == names_.end()) {
        return std::nullopt;
    }
    auto const index = index_of(type);
    return index < kinds.size() ? gsl::span<record_data const>(at->second.at(index))
                                : gsl::span<record_data const>();
}

zone read_zone(std::istream& in, std::string const& file)
{
    zone result;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        try {
            read_line(line, result);
        } catch (zone_error const& error) {
            throw zone_error(file + ":" + std::to_string(number) + ": " + error.what());
        }
    }
    if (!in.eof()) {
        throw zone_error(file + ": cannot be read");
    }
    return result;
}

} // namespace dns
