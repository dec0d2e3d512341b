// Bytes of a packet: requested, used, and written.
#pragma once

#include <algorithm>
#include <cstddef>

#include "rules.hpp"

namespace fuzz {

/// From the start of the datagram: negative in the headroom.
using offset = std::ptrdiff_t;

constexpr offset to_offset(std::size_t bytes)
{
    return static_cast<offset>(bytes);
}

/// Written bytes: each has the value of pattern `id` at its offset.
struct writing {
    std::size_t id = 0;
    offset begin = 0;
    offset end = 0;
};

/// The part between two offsets.
constexpr writing part(writing const& of, offset begin, offset end)
{
    auto const first = std::max(of.begin, begin);
    return {.id = of.id, .begin = first, .end = std::max(first, std::min(of.end, end))};
}

/// Of an outstanding packet.
struct contents {
    std::size_t requested = 0; ///< bytes of the datagram
    offset begin = 0;          ///< of the used bytes
    std::size_t size = 0;      ///< of the used bytes
    std::size_t header_size = 0;
    writing wrote = {};

    [[nodiscard]] offset end() const { return begin + to_offset(size); }

    /// The bytes that the user may write: headroom, requested bytes and tailroom.
    [[nodiscard]] offset usable_begin(rules const& of) const { return -to_offset(of.headroom); }
    [[nodiscard]] offset usable_end(rules const& of) const
    {
        return to_offset(requested + of.tailroom);
    }

    /// The expected values of the packet's members.
    [[nodiscard]] std::size_t headroom(rules const& of) const
    {
        return limited(begin - usable_begin(of));
    }
    [[nodiscard]] std::size_t tailroom(rules const& of) const
    {
        return limited(usable_end(of) - end());
    }
    [[nodiscard]] std::size_t buffer(std::size_t capacity) const
    {
        return static_cast<std::size_t>(std::max<offset>(0, to_offset(capacity) - begin));
    }
    /// The smallest capacity that holds the used bytes at their offset.
    [[nodiscard]] std::size_t needed() const
    {
        return static_cast<std::size_t>(std::max<offset>(0, end()));
    }

    void prepend(std::size_t bytes)
    {
        begin -= to_offset(bytes);
        size += bytes;
        header_size += bytes;
        wrote.begin = std::min(wrote.begin, begin);
    }
    void append(std::size_t bytes)
    {
        size += bytes;
        wrote.end = std::max(wrote.end, end());
    }
    void trim_start(std::size_t bytes)
    {
        begin += to_offset(bytes);
        size -= bytes;
        header_size -= std::min(header_size, bytes);
    }
    void trim_end(std::size_t bytes)
    {
        size -= bytes;
        header_size = std::min(header_size, size);
    }
    /// The user may use the first bytes from `begin`.
    void ask_for(std::size_t bytes)
    {
        auto const end = std::max<offset>(0, begin + to_offset(bytes));
        if (bytes > 0) {
            requested = std::max(requested, static_cast<std::size_t>(end));
        }
    }
    /// Uses the first bytes from `begin`, and writes all of them.
    void use(std::size_t bytes, std::size_t header)
    {
        size = bytes;
        header_size = header;
        wrote.end = std::max(wrote.end, end());
    }
    /// As after basic_packet::reset(): which bytes were written is no longer known.
    void reset() { *this = {.requested = requested, .wrote = {.id = wrote.id}}; }

private:
    /// A packet has at most as many used bytes as a datagram.
    [[nodiscard]] std::size_t limited(offset bytes) const
    {
        return std::min(static_cast<std::size_t>(std::max<offset>(0, bytes)),
                        largest_packet - size);
    }
};

} // namespace fuzz
