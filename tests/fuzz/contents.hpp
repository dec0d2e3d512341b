// Which bytes of a packet its user has, which of them are used, and what was written into them.
#pragma once

#include <algorithm>
#include <cstddef>

#include "rules.hpp"

namespace fuzz {

/// Counted from the start of the datagram: negative in the headroom.
using offset = std::ptrdiff_t;

constexpr offset to_offset(std::size_t bytes)
{
    return static_cast<offset>(bytes);
}

/// Bytes that were written: each is that of pattern `id` at its offset.
struct writing {
    std::size_t id = 0;
    offset begin = 0;
    offset end = 0;
};

/// The part of it from one offset to another.
constexpr writing part(writing const& of, offset begin, offset end)
{
    auto const first = std::max(of.begin, begin);
    return {.id = of.id, .begin = first, .end = std::max(first, std::min(of.end, end))};
}

/// Of a packet in the user's hands.
struct contents {
    std::size_t asked = 0; ///< bytes of the datagram that are the user's
    offset begin = 0;      ///< of the used bytes
    std::size_t size = 0;  ///< of those
    std::size_t header_size = 0;
    writing wrote = {};

    [[nodiscard]] offset end() const { return begin + to_offset(size); }

    /// The user's bytes, with those of the room.
    [[nodiscard]] offset lent_begin(rules const& of) const { return -to_offset(of.headroom); }
    [[nodiscard]] offset lent_end(rules const& of) const { return to_offset(asked + of.tailroom); }

    /// What the packet says of itself.
    [[nodiscard]] std::size_t headroom(rules const& of) const
    {
        return limited(begin - lent_begin(of));
    }
    [[nodiscard]] std::size_t tailroom(rules const& of) const
    {
        return limited(lent_end(of) - end());
    }
    [[nodiscard]] std::size_t buffer(std::size_t capacity) const
    {
        return static_cast<std::size_t>(std::max<offset>(0, to_offset(capacity) - begin));
    }
    /// The smallest capacity that holds them where they are.
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
    void claim(std::size_t bytes) { asked = std::max(asked, bytes); }
    /// Used are the first bytes from where they begin, all of which were written.
    void use(std::size_t bytes, std::size_t header)
    {
        size = bytes;
        header_size = header;
        wrote.end = std::max(wrote.end, end());
    }
    /// The header is new, and nobody knows any more what was written.
    void reset() { *this = {.asked = asked, .wrote = {.id = wrote.id}}; }

private:
    /// No packet uses more bytes than a datagram can have.
    [[nodiscard]] std::size_t limited(offset bytes) const
    {
        return std::min(static_cast<std::size_t>(std::max<offset>(0, bytes)),
                        largest_packet - size);
    }
};

} // namespace fuzz
