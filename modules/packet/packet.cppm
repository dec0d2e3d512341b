// A packet: metadata, sizes and a payload buffer in one allocation.
module;
#include <gsl/assert>

#include "../support/attributes.hpp"

export module pktpool:packet.packet;

import pktpool.standard;
import :support.error;
import :support.memory_checker;
import :sizes.bucket;
import :policy.metadata;
import :packet.layout;
import :packet.guard;

namespace pktpool {

template <class Packet>
struct packet_lifecycle;

// +----------------------------------+---------+----------+----------+----------+---------+
// | basic_packet                     | padding | headroom | datagram | tailroom | trailer |
// | Metadata, bucket, allocated,     |  (to 16 |          |          |          |  of the |
// | size, header_size, used_, guard_ |  bytes) |          |          |          |   guard |
// +----------------------------------+---------+----------+----------+----------+---------+
//                  requested bytes of the datagram: |<---->|
//                  buffer(), allocated bytes:       |<-------->|
//                  used(), size bytes:         data() |<->|   header_size of them, then payload()
//
// Padding, headroom and tailroom are there only with a bucket policy that has headroom or tailroom,
// used_ too; the guard and its trailer only with `hardened`.

/// The header of a packet, followed by its buffer. The members of `Metadata` are members of the
/// packet. A packet is neither copied nor moved; its handle is moved.
///
/// The user may use the bytes that acquire() was asked for, and those that buffer() returned.
/// AddressSanitizer, Memcheck and `hardened` report a use of other bytes. With headroom or tailroom
/// the used bytes can grow in front and behind. A broken contract is reported with the call site
/// and ends the program. All functions are O(1), but for buffer(). They belong to the thread that
/// owns the handle.
export template <packet_metadata Metadata, class Layout = fixed_layout,
                 class Protection = no_protection>
class alignas(packet_alignment) basic_packet : public Metadata {
    using here = std::source_location;

public:
    using metadata = Metadata;
    using layout = Layout;         ///< headroom and tailroom of the bucket policy
    using protection = Protection; ///< `hardened` and `clear_on_release`

    // NOLINTBEGIN(cppcoreguidelines-non-private-member-variables-in-classes): a packet is data
    std::uint8_t const bucket;     ///< index of its bucket, or no_bucket
    std::uint16_t const allocated; ///< capacity of the buffer, bytes
    std::uint16_t size = 0;        ///< bytes of the buffer in use
    std::uint16_t header_size = 0; ///< bytes of those that are protocol header
    // NOLINTEND(cppcoreguidelines-non-private-member-variables-in-classes)

    basic_packet(basic_packet const&) = delete;
    basic_packet& operator=(basic_packet const&) = delete;
    ~basic_packet() = default;
    /// A packet is not from `new`: its handle frees it.
    static void operator delete(void*) = delete;

    /// Start of the used bytes and of the buffer. Aligned to packet_alignment until prepend() or
    /// trim_start() moves it.
    [[nodiscard]] std::byte* data() noexcept
    {
        return reinterpret_cast<std::byte*>(this + 1) + used_.begin();
    }
    [[nodiscard]] std::byte const* data() const noexcept
    {
        return reinterpret_cast<std::byte const*>(this + 1) + used_.begin();
    }

    /// The first `bytes` bytes from data(), to be written. The user may use them from now on, also
    /// those that acquire() was not asked for; the tailroom grows by these. Contract: `bytes` is at
    /// most `allocated`, or what trim_start() and prepend() made of it. O(1); O(bytes) with a
    /// memory checker or `hardened`.
    [[nodiscard]] std::span<std::byte> buffer(byte_count bytes,
                                              here where = here::current()) noexcept
    {
        auto const most = used_.buffer_bytes(allocated);
        Expects(bytes <= most ||
                report_excess("buffer()", bytes, "capacity that is left", most, where));
        // Without bytes nothing is asked for: data() may be in the tailroom, behind the capacity.
        auto const requested = bytes > 0 ? used_.end_in_datagram(bytes) : std::size_t{0};
        used_.request(requested);
        if constexpr (memory_is_checked || Protection::hardened) {
            unpoison_requested(requested, where);
        }
        return {data(), bytes};
    }
    /// The same for all bytes from data() to the end of the capacity.
    [[nodiscard]] std::span<std::byte> buffer(here where = here::current()) noexcept
    {
        return buffer(used_.buffer_bytes(allocated), where);
    }

    /// The first `size` bytes, to be sent. Contract: `header_size <= size <= allocated`; with
    /// headroom or tailroom, prepended bytes and the tailroom may exceed `allocated`. With
    /// `hardened` the bytes that the user may use count in place of `allocated`.
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

    /// The used bytes behind the header. Contract: as used().
    [[nodiscard]] std::span<std::byte> payload(here where = here::current()) noexcept
    {
        return used(where).subspan(header_size);
    }
    [[nodiscard]] std::span<std::byte const> payload(here where = here::current()) const noexcept
    {
        return used(where).subspan(header_size);
    }

    /// Bytes by which the used bytes can grow in front, and behind: there into the requested bytes
    /// and the tailroom. The used bytes never exceed max_packet_size.
    [[nodiscard]] std::size_t headroom(here where = here::current()) const noexcept
        requires bucket_policy_has_headroom_or_tailroom<Layout>
    {
        check_sizes(where);
        return std::min(used_.headroom(), max_packet_size - size);
    }
    [[nodiscard]] std::size_t tailroom(here where = here::current()) const noexcept
        requires bucket_policy_has_headroom_or_tailroom<Layout>
    {
        check_sizes(where);
        return std::min(used_.tailroom(size), max_packet_size - size);
    }

    /// Adds `bytes` in front of the used bytes, as a part of the header: payload() does not change.
    /// Returns them, to be written. Contract: `bytes <= headroom()`.
    std::span<std::byte> prepend(byte_count bytes, here where = here::current()) noexcept
        requires bucket_policy_has_headroom_or_tailroom<Layout>
    {
        auto const most = headroom(where);
        Expects(bytes <= most ||
                report_excess("prepend()", bytes, "headroom that is left", most, where));
        used_.grow_front(bytes);
        size = gsl::narrow_cast<std::uint16_t>(size + bytes);
        header_size = gsl::narrow_cast<std::uint16_t>(header_size + bytes);
        return {data(), bytes};
    }

    /// Adds `bytes` behind the used bytes and returns them, to be written. Contract:
    /// `bytes <= tailroom()`.
    std::span<std::byte> append(byte_count bytes, here where = here::current()) noexcept
        requires bucket_policy_has_headroom_or_tailroom<Layout>
    {
        auto const most = tailroom(where);
        Expects(bytes <= most ||
                report_excess("append()", bytes, "tailroom that is left", most, where));
        auto* const behind = data() + size;
        size = gsl::narrow_cast<std::uint16_t>(size + bytes);
        return {behind, bytes};
    }

    /// Removes `bytes` from the front of the used bytes, first those of the header. They become
    /// headroom. Contract: `bytes <= size`.
    void trim_start(byte_count bytes, here where = here::current()) noexcept
        requires bucket_policy_has_headroom_or_tailroom<Layout>
    {
        check_sizes(where);
        Expects(bytes <= size ||
                report_excess("trim_start()", bytes, "size that is left", size, where));
        used_.shrink_front(bytes);
        size = gsl::narrow_cast<std::uint16_t>(size - bytes);
        header_size -= gsl::narrow_cast<std::uint16_t>(std::min<std::size_t>(header_size, bytes));
    }

    /// Removes `bytes` from the end of the used bytes, those of the header last. They become
    /// tailroom. Contract: `bytes <= size`.
    void trim_end(byte_count bytes, here where = here::current()) noexcept
        requires bucket_policy_has_headroom_or_tailroom<Layout>
    {
        check_sizes(where);
        Expects(bytes <= size ||
                report_excess("trim_end()", bytes, "size that is left", size, where));
        size = gsl::narrow_cast<std::uint16_t>(size - bytes);
        header_size = std::min(header_size, size);
    }

    /// Sets the header to that of a new packet with these metadata. The buffer is not touched.
    void reset(Metadata fresh = Metadata{}) noexcept
    {
        // Assigned, not constructed: members of the packet may lie in the tail padding of Metadata.
        static_cast<Metadata&>(*this) = std::move(fresh);
        used_.move_to_datagram();
        size = 0;
        header_size = 0;
    }

private:
    friend packet_lifecycle<basic_packet>;

    basic_packet(std::uint16_t capacity, std::uint8_t bucket_index,
                 typename Protection::guard const& guard)
        : Metadata{}, bucket(bucket_index), allocated(capacity), guard_(guard)
    {
        used_.start(capacity);
    }

    void check_sizes(here where) const noexcept
    {
        auto const most = used_.most(requested_or_allocated());
        Expects((header_size <= size && size <= most) ||
                report_sizes(header_size, size, most, where));
    }
    [[nodiscard]] std::size_t requested_or_allocated() const noexcept
    {
        if constexpr (Protection::hardened) {
            return guard_.requested();
        } else {
            return allocated;
        }
    }

    void unpoison_requested(std::size_t requested, [[maybe_unused]] here where) noexcept
    {
        auto* const first = behind_header(*this);
        if constexpr (Protection::hardened) {
            auto const bytes = packet_bytes<basic_packet>(allocated) - sizeof(*this);
            unpoison(first, bytes); // the guard reads the pattern
            requested = guard_.request(memory_of(*this, allocated, bucket), requested, where);
            auto const end = Layout::front + requested + Layout::tailroom;
            poison(first, Layout::padding);
            poison(first + end, bytes - end);
        }
        unpoison_more(first + Layout::padding, Layout::headroom + requested + Layout::tailroom);
    }

    PKTPOOL_NO_UNIQUE_ADDRESS used_range<Layout> used_;
    PKTPOOL_NO_UNIQUE_ADDRESS typename Protection::guard guard_; // the last member
};

export using packet = basic_packet<utp_metadata>;

static_assert(sizeof(packet) == 16);
static_assert(sizeof(basic_packet<utp_metadata, packet_layout<10, 20>>) == 32);
static_assert(sizeof(packet) % packet_alignment == 0, "the buffer is as aligned as the packet");
static_assert(!std::is_copy_constructible_v<packet> && !std::is_move_constructible_v<packet>);

} // namespace pktpool
