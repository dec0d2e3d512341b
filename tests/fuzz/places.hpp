// Places in a program where packets are acquired.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <source_location>
#include <string_view>

namespace fuzz {

inline constexpr std::array places{
    std::source_location::current(),
    std::source_location::current(),
    std::source_location::current(),
};
/// Any other place: where a call does not say its own.
inline constexpr std::size_t elsewhere = places.size();

inline std::size_t place_number(std::source_location const& of)
{
    auto const* const found = std::ranges::find_if(places, [&](std::source_location const& each) {
        return each.line() == of.line() &&
               std::string_view(each.file_name()) == std::string_view(of.file_name());
    });
    return static_cast<std::size_t>(found - places.begin());
}

/// Packets of a bucket that were acquired at one place and are out.
struct placed {
    std::size_t place;
    std::size_t bucket; ///< one past the last for packets of exactly the size asked for
    std::size_t count;

    auto operator<=>(placed const&) const = default;
};

} // namespace fuzz
