// Call sites that acquire packets.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <source_location>
#include <string_view>

namespace fuzz {

inline constexpr std::array call_sites{
    std::source_location::current(),
    std::source_location::current(),
    std::source_location::current(),
};
/// Any other call site: the call does not pass one of these.
inline constexpr std::size_t unknown_call_site = call_sites.size();

inline std::size_t call_site_number(std::source_location const& of)
{
    auto const* const found =
        std::ranges::find_if(call_sites, [&](std::source_location const& each) {
            return each.line() == of.line() &&
                   std::string_view(each.file_name()) == std::string_view(of.file_name());
        });
    return static_cast<std::size_t>(found - call_sites.begin());
}

/// Outstanding packets of a bucket that were acquired at one call site.
struct call_site_packets {
    std::size_t call_site;
    std::size_t bucket; ///< number of buckets for exact-size packets
    std::size_t count;

    auto operator<=>(call_site_packets const&) const = default;
};

} // namespace fuzz
