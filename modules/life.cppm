// The life of a packet: memory from a source, a packet in the user's hands, an idle one, a packet
// again, memory that goes back. Whoever watches it (a memory checker, a guard, a policy that clears
// it) is told here and nowhere else.
//
// An idle packet is memory, and a guard: its metadata is made when it is acquired and destroyed
// when its handle lets it go.
module;
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <source_location>
#include <type_traits>

#include <gsl/assert>
#include <gsl/narrow>

#include "pktpool_attributes.hpp"

export module pktpool:life;

import :error;
import :checkers;
import :source;
import :buckets;
import :clearing;
import :guard;

namespace pktpool {

/// What hardening adds to a packet and to a pool.
template <class Hardening>
struct hardening_parts {
    static constexpr bool hardened = false;
    static constexpr bool reports = false;
    struct guard {
        static constexpr std::size_t trailer = 0;
    };
    struct ledger {};
};
template <hardening_policy Hardening>
struct hardening_parts<Hardening> {
    static constexpr bool hardened = true;
    static constexpr std::uint32_t places_one_in = Hardening::places_one_in;
    static constexpr bool reports = Hardening::reports_outstanding;
    using guard = guard_record;
    using ledger = pktpool::ledger;
};

/// What the policies of a pool add to the life of its packets.
template <class Hardening, clearing_policy Clearing>
struct packet_care : hardening_parts<Hardening> {
    static constexpr bool clears = Clearing::clears_released;
};

struct not_hardened {};
using no_care = packet_care<not_hardened, never_cleared>;

/// Only pktpool makes packets: outside the module this type has no name.
struct construction_key {
    explicit construction_key() = default;
};

/// Bytes that a packet takes.
template <class Packet>
[[nodiscard]] constexpr std::size_t packet_bytes(std::size_t capacity) noexcept
{
    using room = typename Packet::room;
    return sizeof(Packet) + room::front + capacity + room::tailroom + Packet::care::guard::trailer;
}

/// Start of the bytes behind the header: padding, headroom, datagram, tailroom, trailer of a guard.
template <class Packet>
[[nodiscard]] PKTPOOL_HOT std::byte* behind_header(Packet& packet) noexcept
{
    return reinterpret_cast<std::byte*>(&packet + 1);
}

template <class Packet>
[[nodiscard]] guarded_packet guarded(Packet& packet, std::uint16_t capacity,
                                     std::uint8_t bucket) noexcept
{
    using room = typename Packet::room;
    return {.address = &packet,
            .memory = behind_header(packet),
            .padding = room::padding,
            .headroom = room::headroom,
            .tailroom = room::tailroom,
            .allocated = capacity,
            .bucket = bucket};
}
template <class Packet>
[[nodiscard]] guarded_packet guarded(Packet& packet) noexcept
{
    return guarded(packet, packet.allocated, packet.bucket);
}

/// Owns nothing, and nothing tells a new one from one that `Metadata{}` was assigned to: there it
/// stays in an idle packet, which saves stores.
template <class Metadata>
inline constexpr bool is_plain = std::is_trivially_copyable_v<Metadata>;

template <packet_source Source>
[[nodiscard]] void* allocate_packet(Source& source, std::size_t bytes)
{
    void* const memory = source.allocate(bytes);
    Ensures(
        (memory != nullptr && reinterpret_cast<std::uintptr_t>(memory) % packet_alignment == 0) ||
        broken("the packet source gave memory that is null or not aligned to packet_alignment; "
               "let allocate() throw, and align what it gives"));
    return memory;
}

/// A packet in new memory; the buffer is left as the source gave it, but for a guard.
template <class Packet, packet_source Source>
[[nodiscard]] Packet* make_packet(Source& source, std::size_t capacity, std::uint8_t bucket)
{
    if (capacity > max_packet_size) {
        throw_size_too_large(capacity, max_packet_size);
    }
    auto const bytes = packet_bytes<Packet>(capacity);
    void* const memory = allocate_packet(source, bytes);
    try {
        auto* const packet =
            ::new (memory) Packet(construction_key{}, gsl::narrow_cast<std::uint16_t>(capacity),
                                  bucket, typename Packet::care::guard{});
        if constexpr (Packet::care::hardened) {
            packet->packet_guard().begin(guarded(*packet));
        }
        return packet;
    } catch (...) { // from the metadata
        source.deallocate(memory, bytes);
        throw;
    }
}

/// The same for an idle one that nobody has used.
template <class Packet, packet_source Source>
[[nodiscard]] Packet* make_idle(Source& source, std::uint16_t capacity, std::uint8_t bucket)
{
    if constexpr (is_plain<typename Packet::metadata>) {
        return make_packet<Packet>(source, capacity, bucket);
    } else {
        auto* const idle =
            static_cast<Packet*>(allocate_packet(source, packet_bytes<Packet>(capacity)));
        if constexpr (Packet::care::hardened) {
            auto* const guard = std::construct_at(&idle->packet_guard());
            guard->begin(guarded(*idle, capacity, bucket));
        }
        return idle;
    }
}

/// A packet where an idle one was. Throws what `Metadata{}` throws, and the idle one is then as
/// before.
template <class Packet>
[[nodiscard]] PKTPOOL_HOT Packet* revive(Packet* idle, std::uint16_t capacity, std::uint8_t bucket)
{
    show(idle, sizeof(Packet));
    if constexpr (is_plain<typename Packet::metadata>) {
        idle->reset(typename Packet::metadata{});
        return idle;
    } else {
        auto const guard = idle->packet_guard();
        try {
            return ::new (static_cast<void*>(idle))
                Packet(construction_key{}, capacity, bucket, guard);
        } catch (...) {
            std::construct_at(&idle->packet_guard(), guard);
            throw;
        }
    }
}

/// The memory of a packet that has no metadata goes back.
template <class Packet, packet_source Source>
void free_packet(Source& source, Packet* packet, std::uint16_t capacity,
                 [[maybe_unused]] std::uint8_t bucket) noexcept
{
    auto const bytes = packet_bytes<Packet>(capacity);
    show(packet, bytes);
    if constexpr (Packet::care::hardened) {
        packet->packet_guard().check_idle(guarded(*packet, capacity, bucket));
    }
    if constexpr (Packet::care::clears) {
        wipe(packet, bytes);
    }
    source.deallocate(packet, bytes);
}
template <class Packet, packet_source Source>
void free_packet(Source& source, Packet* packet) noexcept
{
    free_packet(source, packet, packet->allocated, packet->bucket);
}

/// The user gets `size` bytes of it; those behind them are nobody's.
template <class Packet>
PKTPOOL_HOT void lend(Packet& packet, std::size_t size,
                      [[maybe_unused]] typename Packet::care::ledger& pool,
                      [[maybe_unused]] std::source_location where) noexcept
{
    using care = typename Packet::care;
    using room = typename Packet::room;
    auto* const first = behind_header(packet) + room::padding;
    auto const lent = room::headroom + size + room::tailroom;
    auto const behind = packet.allocated - size + care::guard::trailer;
    if constexpr (care::hardened) {
        show(first - room::padding, room::padding + lent + behind);
        packet.packet_guard().lend(guarded(packet), size, pool, where, care::places_one_in);
    }
    packet.place_for(construction_key{}, size);
    hide(first - room::padding, room::padding);
    show_unwritten(first, lent);
    hide(first + lent, behind);
}

/// The user gets `size` bytes of a packet that was lent for fewer.
template <class Packet>
void lend_more(Packet& packet, std::size_t size,
               [[maybe_unused]] std::source_location where) noexcept
{
    using care = typename Packet::care;
    using room = typename Packet::room;
    auto* const first = behind_header(packet) + room::padding;
    if constexpr (care::hardened) {
        auto const bytes = packet_bytes<Packet>(packet.allocated) - sizeof(Packet);
        show(behind_header(packet), bytes);
        size = packet.packet_guard().claim(guarded(packet), size, where);
        auto const lent = room::front + size + room::tailroom;
        hide(behind_header(packet), room::padding);
        hide(behind_header(packet) + lent, bytes - lent);
    }
    show_more(first, room::headroom + size + room::tailroom);
}

/// A packet that is about to be idle or freed has no metadata. The destructor is the user's code.
template <class Packet>
PKTPOOL_HOT void destroy_metadata(Packet& packet) noexcept
{
    if constexpr (!is_plain<typename Packet::metadata>) {
        std::destroy_at(static_cast<typename Packet::metadata*>(&packet));
    }
    if constexpr (Packet::care::clears) {
        packet.wipe_metadata(construction_key{});
    }
}

/// Back from the user: its metadata is destroyed, and its bytes are cleared where a policy asks.
/// The destructor runs with no lock held. `pool` is where the packet was brought to.
template <class Packet>
PKTPOOL_HOT void retire(Packet& packet,
                        [[maybe_unused]] typename Packet::care::ledger const* pool = nullptr,
                        [[maybe_unused]] std::source_location where = {}) noexcept
{
    using care = typename Packet::care;
    touch(&packet); // it may be idle, or gone
    if constexpr (care::hardened || care::clears) {
        show(behind_header(packet), packet_bytes<Packet>(packet.allocated) - sizeof(Packet));
    }
    if constexpr (care::hardened) {
        packet.packet_guard().retire(guarded(packet), pool, where);
    }
    destroy_metadata(packet);
    if constexpr (care::clears && !care::hardened) { // a guard has written over it
        wipe(behind_header(packet), packet_bytes<Packet>(packet.allocated) - sizeof(Packet));
    }
}

} // namespace pktpool
