// Bytes that tell whose they are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "model.hpp"

namespace fuzz {

/// One noise for all patterns: number `id` begins at byte `id`, so that any two differ.
inline std::byte const* pattern(std::size_t id)
{
    constexpr std::size_t starts = 4096;
    static auto const noise = [] {
        std::array<std::byte, starts + 65535> bytes{};
        std::uint32_t state = 1;
        std::ranges::generate(bytes, [&] {
            state = state * 1664525 + 1013904223; // Numerical Recipes
            return static_cast<std::byte>(state >> 24);
        });
        return bytes;
    }();
    return noise.data() + id % starts;
}

/// Nothing but the bytes of the payload are touched, and of a shorter packet the bytes that it has.
inline void write(std::byte* to, payload what)
{
    if (what.size > 0) {
        std::memcpy(to, pattern(what.id), what.size);
    }
}
inline bool holds(std::byte const* in, payload what, std::size_t most)
{
    auto const size = std::min(what.size, most);
    return size == 0 || std::memcmp(in, pattern(what.id), size) == 0;
}

inline bool is_zero(std::byte const* in, std::size_t size)
{
    return std::all_of(in, in + size, [](std::byte each) { return each == std::byte{0}; });
}

} // namespace fuzz
