// Room in front of a datagram and behind it, for headers and trailers that come later.
module;
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <gsl/narrow>

export module pktpool:room;

import :source;
import :buckets;

namespace pktpool {

/// Bytes in front of every datagram of a policy: its `static constexpr std::size_t headroom`, or 0.
export template <bucket_policy B>
inline constexpr std::size_t headroom_of = [] {
    if constexpr (requires { B::headroom; }) {
        return std::size_t{B::headroom};
    } else {
        return std::size_t{0};
    }
}();

/// Bytes behind it: `static constexpr std::size_t tailroom`, or 0.
export template <bucket_policy B>
inline constexpr std::size_t tailroom_of = [] {
    if constexpr (requires { B::tailroom; }) {
        return std::size_t{B::tailroom};
    } else {
        return std::size_t{0};
    }
}();

/// What of it a packet has, on top of its capacity. The datagram stays aligned to packet_alignment,
/// so there may be some padding in front of the headroom.
template <std::size_t Headroom, std::size_t Tailroom>
struct room {
    static constexpr bool any = Headroom + Tailroom > 0;
    static constexpr std::size_t headroom = Headroom;
    static constexpr std::size_t tailroom = Tailroom;
    static constexpr std::size_t padding =
        (packet_alignment - Headroom % packet_alignment) % packet_alignment;
    static constexpr std::size_t front = padding + Headroom; ///< from the header to the datagram
};
using no_room = room<0, 0>;

/// Else a packet cannot grow.
template <class Room>
concept bucket_policy_has_room = Room::any;

template <bucket_policy B>
using room_of = room<headroom_of<B>, tailroom_of<B>>;

/// Where the used bytes are, counted from the end of a packet's header: at its buffer.
template <class Room>
class place_of_used {
public:
    void lend(std::size_t) noexcept {}
    void claim(std::size_t) noexcept {}
    void rewind() noexcept {}
    void begin_as(place_of_used const&) noexcept {}

    [[nodiscard]] static std::size_t begin() noexcept { return 0; }
    [[nodiscard]] static std::size_t end_in_datagram(std::size_t size) noexcept { return size; }
    [[nodiscard]] static std::size_t capacity(std::size_t allocated) noexcept { return allocated; }
    [[nodiscard]] static std::size_t most(std::size_t allocated) noexcept { return allocated; }
};

/// With room they begin where their owner wants.
template <bucket_policy_has_room Room>
class place_of_used<Room> {
public:
    /// At the datagram; the user has `asked` bytes of it, and the room.
    void lend(std::size_t asked) noexcept
    {
        begin_ = Room::front;
        end_ = end(asked);
    }
    /// The user has as many bytes of it from now on, if that is more.
    void claim(std::size_t bytes) noexcept { end_ = std::max(end_, end(bytes)); }
    /// Back to the datagram.
    void rewind() noexcept { begin_ = Room::front; }
    void begin_as(place_of_used const& other) noexcept { begin_ = other.begin_; }
    /// To the front, and back.
    void grow(std::size_t bytes) noexcept { begin_ -= gsl::narrow_cast<std::uint32_t>(bytes); }
    void shrink(std::size_t bytes) noexcept { begin_ += gsl::narrow_cast<std::uint32_t>(bytes); }

    [[nodiscard]] std::size_t begin() const noexcept { return begin_; }
    /// By how many bytes they can still grow.
    [[nodiscard]] std::size_t in_front() const noexcept { return begin_ - Room::padding; }
    /// Bytes of the datagram up to the end of the `size` that are used.
    [[nodiscard]] std::size_t end_in_datagram(std::size_t size) const noexcept
    {
        return begin_ + size - std::min<std::size_t>(Room::front, begin_ + size);
    }
    /// From where they begin to the end of the datagram's `allocated` bytes.
    [[nodiscard]] std::size_t capacity(std::size_t allocated) const noexcept
    {
        return Room::front + allocated - std::min<std::size_t>(begin_, Room::front + allocated);
    }
    /// From where they begin to the end of the tailroom.
    [[nodiscard]] std::size_t most(std::size_t allocated) const noexcept
    {
        return Room::front + allocated + Room::tailroom - begin_;
    }
    /// By how many bytes the `size` that are used can still grow behind, in what is the user's.
    [[nodiscard]] std::size_t behind(std::size_t size) const noexcept
    {
        return end_ - std::min<std::size_t>(end_, begin_ + size);
    }

private:
    [[nodiscard]] static std::uint32_t end(std::size_t asked) noexcept
    {
        return gsl::narrow_cast<std::uint32_t>(Room::front + asked + Room::tailroom);
    }

    std::uint32_t begin_ = 0;
    std::uint32_t end_ = 0;
};

static_assert(std::is_empty_v<place_of_used<no_room>>);
static_assert(room<10, 0>::padding == 6 && room<10, 0>::front == 16);
static_assert(room<16, 0>::padding == 0 && no_room::front == 0 && !no_room::any);

} // namespace pktpool
