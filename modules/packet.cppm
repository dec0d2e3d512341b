// A packet: a small metadata header and a payload buffer in one allocation.
module;
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <type_traits>
#include <utility>

#include <gsl/assert>
#include <gsl/narrow>

#include "pktpool_attributes.hpp"

export module pktpool:packet;

import :error;
import :source;
import :checkers;
import :buckets;
import :room;
import :clearing;
import :life;
import :metadata;

namespace pktpool {

/// The header of a packet; headroom, `allocated` bytes of buffer and tailroom follow it. The
/// members of `Metadata` are members of the packet. A packet is neither copied nor moved: handles
/// are. Only the bytes that were asked for are the user's: AddressSanitizer, Memcheck and
/// `hardened` report a use of those between them and `allocated`, unless claim() asks for them,
/// too. With headroom or tailroom the used bytes can grow in front and behind. A broken contract is
/// reported with the place of the call.
export template <packet_metadata Metadata, class Room = no_room, class Care = no_care>
class alignas(packet_alignment) basic_packet : public Metadata {
    using here = std::source_location;

public:
    using metadata = Metadata;
    using room = Room; ///< what the bucket policy puts in front of the datagram and behind it
    using care = Care; ///< what the pool's policies add to its life

    // NOLINTBEGIN(cppcoreguidelines-non-private-member-variables-in-classes): a packet is data
    std::uint8_t const bucket;     ///< index of the bucket it was made for, or no_bucket
    std::uint16_t const allocated; ///< capacity of the buffer, bytes
    std::uint16_t size = 0;        ///< bytes of the buffer in use
    std::uint16_t header_size = 0; ///< bytes of those that are protocol header
    // NOLINTEND(cppcoreguidelines-non-private-member-variables-in-classes)

    basic_packet(construction_key, std::uint16_t capacity, std::uint8_t bucket_index,
                 typename Care::guard const& guard)
        : Metadata{}, bucket(bucket_index), allocated(capacity), guard_(guard)
    {
        place_.lend(capacity);
    }
    basic_packet(basic_packet const&) = delete;
    basic_packet& operator=(basic_packet const&) = delete;
    ~basic_packet() = default;

    /// Start of the used bytes and of the buffer, aligned to packet_alignment until it is moved.
    [[nodiscard]] std::byte* data() noexcept
    {
        return reinterpret_cast<std::byte*>(this + 1) + place_.begin();
    }
    [[nodiscard]] std::byte const* data() const noexcept
    {
        return reinterpret_cast<std::byte const*>(this + 1) + place_.begin();
    }

    /// From data() on to the end of the `allocated` bytes, without the tailroom; those that were
    /// asked for are what to receive into.
    [[nodiscard]] std::span<std::byte> buffer() noexcept
    {
        return {data(), place_.capacity(allocated)};
    }
    [[nodiscard]] std::span<std::byte const> buffer() const noexcept
    {
        return {data(), place_.capacity(allocated)};
    }

    /// The first `size` bytes: what to send. Contract: `header_size <= size <= allocated`; with
    /// room what was prepended and the tailroom come on top.
    [[nodiscard]] std::span<std::byte> used(here where = here::current()) noexcept
    {
        check_sizes(where);
        return {data(), size};
    }
    [[nodiscard]] std::span<std::byte const> used(here where = here::current()) const noexcept
    {
        check_sizes(where);
        return {data(), size};
    }

    /// The used bytes behind the header. Contract: that of used().
    [[nodiscard]] std::span<std::byte> payload(here where = here::current()) noexcept
    {
        return used(where).subspan(header_size);
    }
    [[nodiscard]] std::span<std::byte const> payload(here where = here::current()) const noexcept
    {
        return used(where).subspan(header_size);
    }

    /// As if the packet had been acquired for `bytes`, if that is more: so many bytes of its
    /// buffer, counted from where the datagram started, are the caller's from now on. For a packet
    /// that was acquired small and is filled up later, as Nagle's algorithm does. Without it a
    /// checker would take that for an overrun; without a checker or room it does nothing. Contract:
    /// `bytes <= allocated`.
    void claim(byte_count bytes, here where = here::current()) noexcept
    {
        Expects(bytes <= allocated || exceeds("claim()", bytes, "capacity", allocated, where));
        place_.claim(bytes);
        if constexpr (memory_is_checked || Care::hardened) {
            lend_more(*this, bytes, where);
        }
    }

    /// Bytes by which the used ones can still grow in front, and behind: there into what was asked
    /// for, too. Used bytes are never more than max_packet_size.
    [[nodiscard]] std::size_t headroom(here where = here::current()) const noexcept
        requires bucket_policy_has_room<Room>
    {
        check_sizes(where);
        return std::min(place_.in_front(), max_packet_size - size);
    }
    [[nodiscard]] std::size_t tailroom(here where = here::current()) const noexcept
        requires bucket_policy_has_room<Room>
    {
        check_sizes(where);
        return std::min(place_.behind(size), max_packet_size - size);
    }

    /// Grows the used bytes in front, as a part of the header: payload() stays what it was. The
    /// bytes are the caller's to write. Contract: `bytes <= headroom()`.
    std::span<std::byte> prepend(byte_count bytes, here where = here::current()) noexcept
        requires bucket_policy_has_room<Room>
    {
        auto const most = headroom(where);
        Expects(bytes <= most || exceeds("prepend()", bytes, "headroom that is left", most, where));
        place_.grow(bytes);
        size = gsl::narrow_cast<std::uint16_t>(size + bytes);
        header_size = gsl::narrow_cast<std::uint16_t>(header_size + bytes);
        return {data(), bytes};
    }

    /// Grows the used bytes behind. Contract: `bytes <= tailroom()`.
    std::span<std::byte> append(byte_count bytes, here where = here::current()) noexcept
        requires bucket_policy_has_room<Room>
    {
        auto const most = tailroom(where);
        Expects(bytes <= most || exceeds("append()", bytes, "tailroom that is left", most, where));
        auto* const behind = data() + size;
        size = gsl::narrow_cast<std::uint16_t>(size + bytes);
        return {behind, bytes};
    }

    /// Takes used bytes away in front, the header's first: they become headroom. Contract:
    /// `bytes <= size`.
    void trim_start(byte_count bytes, here where = here::current()) noexcept
        requires bucket_policy_has_room<Room>
    {
        check_sizes(where);
        Expects(bytes <= size || exceeds("trim_start()", bytes, "size that is left", size, where));
        place_.shrink(bytes);
        size = gsl::narrow_cast<std::uint16_t>(size - bytes);
        header_size -= gsl::narrow_cast<std::uint16_t>(std::min<std::size_t>(header_size, bytes));
    }

    /// The same behind, the header's last: they become tailroom.
    void trim_end(byte_count bytes, here where = here::current()) noexcept
        requires bucket_policy_has_room<Room>
    {
        check_sizes(where);
        Expects(bytes <= size || exceeds("trim_end()", bytes, "size that is left", size, where));
        size = gsl::narrow_cast<std::uint16_t>(size - bytes);
        header_size = std::min(header_size, size);
    }

    /// The header as on a new packet; the buffer is not touched.
    void reset(Metadata fresh = Metadata{}) noexcept
    {
        // An assignment, not a construction: our members live in the tail padding of Metadata.
        static_cast<Metadata&>(*this) = std::move(fresh);
        place_.rewind();
        size = 0;
        header_size = 0;
    }

    /// For pktpool: `asked` bytes are the user's from now on.
    void place_for(construction_key, std::size_t asked) noexcept { place_.lend(asked); }
    /// For pktpool: bytes from the start of the datagram to the end of the used ones.
    [[nodiscard]] std::size_t datagram_bytes(construction_key, here where) const noexcept
    {
        check_sizes(where);
        return place_.end_in_datagram(size);
    }
    /// For pktpool. The used bytes stay where they were, so that headroom() does not fall.
    /// Contract: this packet was acquired for `from.datagram_bytes()`.
    void take_contents(construction_key, basic_packet& from) noexcept
    {
        reset(std::move(static_cast<Metadata&>(from)));
        place_.begin_as(from.place_);
        size = from.size;
        header_size = from.header_size;
        std::ranges::copy(from.used(), data());
    }
    /// For pktpool: the metadata was destroyed.
    void wipe_metadata(construction_key) noexcept
    {
        auto* const first = reinterpret_cast<std::byte*>(this);
        wipe(first, static_cast<std::size_t>(reinterpret_cast<std::byte const*>(&bucket) - first));
        size = 0;
        header_size = 0;
    }
    /// For pktpool.
    [[nodiscard]] auto& packet_guard() noexcept { return guard_; }

private:
    void check_sizes(here where) const noexcept
    {
        Expects((header_size <= size && size <= place_.most(allocated)) ||
                broken("header_size <= size <= capacity does not hold for this packet; set size "
                       "and header_size to what the buffer holds",
                       where));
    }

    PKTPOOL_NO_UNIQUE_ADDRESS place_of_used<Room> place_;
    PKTPOOL_NO_UNIQUE_ADDRESS typename Care::guard guard_; // the last, next to the buffer
};

/// Destroys a packet and gives its memory back; null is harmless.
export template <class Packet, packet_source Source = heap_source>
struct basic_packet_deleter : private Source {
    basic_packet_deleter() = default;
    explicit basic_packet_deleter(Source const& source) noexcept : Source(source) {}

    void operator()(Packet* packet) noexcept
    {
        if (packet != nullptr) {
            retire(*packet);
            free_packet(static_cast<Source&>(*this), packet);
        }
    }

    [[nodiscard]] Source const& source() const noexcept { return *this; }
};

export using packet = basic_packet<utp_metadata>;
export using packet_deleter = basic_packet_deleter<packet>;

/// Owns a packet; may outlive its pool.
export template <packet_metadata Metadata = utp_metadata, packet_source Source = heap_source>
using basic_packet_ptr =
    std::unique_ptr<basic_packet<Metadata>, basic_packet_deleter<basic_packet<Metadata>, Source>>;
export using packet_ptr = basic_packet_ptr<>;

/// A packet of exactly `size` bytes that belongs to no bucket: metadata as `Metadata{}`, buffer
/// untouched. Throws std::length_error above max_packet_size, std::bad_alloc when memory is out.
export template <packet_metadata Metadata = utp_metadata>
[[nodiscard]] basic_packet_ptr<Metadata> create_packet(byte_count size)
{
    heap_source source;
    return basic_packet_ptr<Metadata>(make_packet<basic_packet<Metadata>>(source, size, no_bucket));
}

/// The Itanium ABI puts our members into the tail padding of the metadata; Microsoft's does not.
struct padded_base {
    std::uint64_t word{};
    std::uint8_t byte{};
};
struct padded_probe : padded_base {
    std::uint8_t next{};
};
inline constexpr bool tail_padding_is_used = sizeof(padded_probe) == sizeof(padded_base);

static_assert(sizeof(packet) == (tail_padding_is_used ? 16 : 32));
static_assert(sizeof(basic_packet<utp_metadata, room<10, 20>>) == 32);
static_assert(sizeof(packet) % packet_alignment == 0, "the buffer is as aligned as the packet");
static_assert(sizeof(packet_ptr) == sizeof(void*));
static_assert(!std::is_copy_constructible_v<packet> && !std::is_move_constructible_v<packet>);

} // namespace pktpool
