// What is known of names, from a file like /etc/hosts.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <istream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <gsl/span>

#include "dns_message.hpp"

namespace dns {

class zone {
public:
    /// Once, however often it is added. A name is there from then on, and so are those above it.
    void add(name const& owner, record_type type, record_data data);

    /// Nothing for a name that is not there, an empty span for one without such records.
    [[nodiscard]] std::optional<gsl::span<record_data const>> find(name const& owner,
                                                                   record_type type) const;

private:
    struct hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    using records = std::array<std::vector<record_data>, 3>; // A, AAAA and TXT

    std::unordered_map<std::string, records, hash, std::equal_to<>> names_;
};

/// One line: file, number and what is wrong.
struct zone_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Reads lines: "192.0.2.1 name alias...", "2001:db8::1 name", "txt name any text to the end",
/// "# comment". Throws zone_error, with `file` in front.
zone read_zone(std::istream& in, std::string const& file);

} // namespace dns
