// Names with their records, from a file like /etc/hosts.
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
    /// Adding a record twice has no effect. The name exists from then on, and so do the names above
    /// it.
    void add(name const& owner, record_type type, record_data data);

    /// Nothing if the name does not exist, an empty span if it has no such records.
    [[nodiscard]] std::optional<gsl::span<record_data const>> find(name const& owner,
                                                                   record_type type) const;

private:
    struct hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    using records = std::array<std::vector<record_data>, 3>; // A, AAAA and TXT

    std::unordered_map<std::string, records, hash, std::equal_to<>> names_;
};

/// One line: file, line number and what is wrong.
struct zone_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Reads lines: "192.0.2.1 name alias...", "2001:db8::1 name", "txt name any text to the end",
/// "# comment". Throws zone_error; the message begins with `file`.
zone read_zone(std::istream& in, std::string const& file);

} // namespace dns
