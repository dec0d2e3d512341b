// Patterns to write into packets, and checks of the bytes of packets.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "contents.hpp"

namespace fuzz {

/// One random sequence for all patterns: number `id` begins at byte `id`, so any two differ.
inline std::byte const* pattern(std::size_t id, offset at)
{
    constexpr std::size_t starts = 4096;
    constexpr std::size_t margin = 128; // the largest headroom and tailroom
    static auto const noise = [] {
        std::array<std::byte, starts + margin + largest_packet + margin> bytes{};
        std::uint32_t state = 1;
        std::ranges::generate(bytes, [&] {
            state = state * 1664525 + 1013904223; // Numerical Recipes
            return static_cast<std::byte>(state >> 24);
        });
        return bytes;
    }();
    return noise.data() + id % starts + margin + at;
}

/// Touches no other bytes.
inline void write(std::byte* datagram, writing const& what)
{
    if (what.end > what.begin) {
        std::memcpy(datagram + what.begin, pattern(what.id, what.begin),
                    static_cast<std::size_t>(what.end - what.begin));
    }
}
inline bool holds(std::byte const* datagram, writing const& what)
{
    return what.begin == what.end ||
           std::memcmp(datagram + what.begin, pattern(what.id, what.begin),
                       static_cast<std::size_t>(what.end - what.begin)) == 0;
}

inline bool is_zero(std::byte const* first, std::byte const* end)
{
    return std::all_of(first, end, [](std::byte each) { return each == std::byte{0}; });
}

/// Whether all bytes of poisoned memory are `each`.
[[gnu::no_sanitize("address")]] inline bool is_filled(void const* memory, std::size_t bytes,
                                                      std::byte each)
{
    auto const* const first = static_cast<std::byte const*>(memory);
    for (std::size_t i = 0; i < bytes; ++i) {
        if (first[i] != each) {
            return false;
        }
    }
    return true;
}
/// The first byte of poisoned memory.
[[gnu::no_sanitize("address")]] inline std::byte first_byte(std::byte const* memory)
{
    return *memory;
}

} // namespace fuzz
