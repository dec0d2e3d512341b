// The bytes of a packet. Exports nothing: header, headroom, datagram and tailroom in one
// allocation, and which of the bytes are used.
module;
#include "../support/attributes.hpp"

export module pktpool:packet.layout;

import pktpool.standard;
import :sizes.bucket;

namespace pktpool {

/// What a bucket policy adds to the capacity. The datagram stays aligned to packet_alignment, so
/// padding may precede the headroom.
template <std::size_t Headroom, std::size_t Tailroom>
struct packet_layout {
    static constexpr std::size_t headroom = Headroom;
    static constexpr std::size_t tailroom = Tailroom;
    static constexpr std::size_t padding =
        (packet_alignment - Headroom % packet_alignment) % packet_alignment;
    static constexpr std::size_t front = padding + Headroom; ///< from the header to the datagram
    static constexpr bool grows = Headroom + Tailroom > 0;
};
using fixed_layout = packet_layout<0, 0>;

template <bucket_policy B>
using layout_of = packet_layout<headroom_of<B>, tailroom_of<B>>;

/// Only then can the used bytes grow.
template <class Layout>
concept bucket_policy_has_headroom_or_tailroom = Layout::grows;

/// Bytes of the allocation of a packet.
template <class Packet>
[[nodiscard]] constexpr std::size_t packet_bytes(std::size_t capacity) noexcept
{
    using layout = typename Packet::layout;
    return sizeof(Packet) + layout::front + capacity + layout::tailroom +
           Packet::protection::guard::trailer;
}

/// Start of the bytes behind the header.
template <class Packet>
[[nodiscard]] PKTPOOL_ALWAYS_INLINE std::byte* behind_header(Packet& packet) noexcept
{
    return reinterpret_cast<std::byte*>(&packet + 1);
}

/// The allocation of one packet: padding, headroom, datagram and tailroom follow the header.
struct packet_memory {
    void const* packet;
    std::byte* behind_header;
    std::size_t padding;  // bytes
    std::size_t headroom; // bytes
    std::size_t tailroom; // bytes
    std::uint16_t capacity;
    std::uint8_t bucket;
};

template <class Packet>
[[nodiscard]] packet_memory memory_of(Packet& packet, std::uint16_t capacity,
                                      std::uint8_t bucket) noexcept
{
    using layout = typename Packet::layout;
    return {.packet = &packet,
            .behind_header = behind_header(packet),
            .padding = layout::padding,
            .headroom = layout::headroom,
            .tailroom = layout::tailroom,
            .capacity = capacity,
            .bucket = bucket};
}

/// Which bytes behind the header are used. Without headroom and tailroom: the first of the buffer.
template <class Layout>
class used_range {
public:
    void start(std::size_t) noexcept {}
    void request(std::size_t) noexcept {}
    void move_to_datagram() noexcept {}
    void begin_like(used_range const&) noexcept {}

    [[nodiscard]] static std::size_t begin() noexcept { return 0; }
    [[nodiscard]] static std::size_t end_in_datagram(std::size_t size) noexcept { return size; }
    [[nodiscard]] static std::size_t buffer_bytes(std::size_t capacity) noexcept
    {
        return capacity;
    }
    [[nodiscard]] static std::size_t most(std::size_t capacity) noexcept { return capacity; }
};

/// With headroom or tailroom the begin moves. Positions are bytes from the end of the header.
template <bucket_policy_has_headroom_or_tailroom Layout>
class used_range<Layout> {
public:
    /// At the datagram, of which the user asked for `requested` bytes.
    void start(std::size_t requested) noexcept
    {
        begin_ = Layout::front;
        end_ = end(requested);
    }
    /// The user asks for `requested` bytes of the datagram, if these are more than before.
    void request(std::size_t requested) noexcept { end_ = std::max(end_, end(requested)); }
    void move_to_datagram() noexcept { begin_ = Layout::front; }
    void begin_like(used_range const& other) noexcept { begin_ = other.begin_; }
    void grow_front(std::size_t bytes) noexcept
    {
        begin_ -= gsl::narrow_cast<std::uint32_t>(bytes);
    }
    void shrink_front(std::size_t bytes) noexcept
    {
        begin_ += gsl::narrow_cast<std::uint32_t>(bytes);
    }

    [[nodiscard]] std::size_t begin() const noexcept { return begin_; }
    /// Bytes by which the used ones can grow in front.
    [[nodiscard]] std::size_t headroom() const noexcept { return begin_ - Layout::padding; }
    /// Bytes by which `size` used ones can grow behind, within the requested bytes and the
    /// tailroom.
    [[nodiscard]] std::size_t tailroom(std::size_t size) const noexcept
    {
        return end_ - std::min<std::size_t>(end_, begin_ + size);
    }
    /// Bytes from the start of the datagram to the end of `size` used ones.
    [[nodiscard]] std::size_t end_in_datagram(std::size_t size) const noexcept
    {
        return begin_ + size - std::min<std::size_t>(Layout::front, begin_ + size);
    }
    /// Bytes from the begin to the end of the datagram's capacity.
    [[nodiscard]] std::size_t buffer_bytes(std::size_t capacity) const noexcept
    {
        return Layout::front + capacity - std::min<std::size_t>(begin_, Layout::front + capacity);
    }
    /// Bytes from the begin to the end of the tailroom.
    [[nodiscard]] std::size_t most(std::size_t capacity) const noexcept
    {
        return Layout::front + capacity + Layout::tailroom - begin_;
    }

private:
    [[nodiscard]] static std::uint32_t end(std::size_t requested) noexcept
    {
        return gsl::narrow_cast<std::uint32_t>(Layout::front + requested + Layout::tailroom);
    }

    std::uint32_t begin_ = 0;
    std::uint32_t end_ = 0;
};

static_assert(std::is_empty_v<used_range<fixed_layout>>);
static_assert(packet_layout<10, 0>::padding == 6 && packet_layout<10, 0>::front == 16);
static_assert(packet_layout<16, 0>::padding == 0);
static_assert(fixed_layout::front == 0 && !fixed_layout::grows);

} // namespace pktpool
