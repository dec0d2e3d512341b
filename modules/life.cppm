// The life of a packet: made, lent, retired, idle, woken and lent again, destroyed. Whoever watches
// it (a memory checker, a guard, a policy that clears it) is told here and nowhere else.
module;
#include <cstddef>
#include <cstdint>
#include <new>
#include <source_location>
#include <type_traits>
#include <utility>

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
[[nodiscard]] guarded_packet guarded(Packet& packet) noexcept
{
    using room = typename Packet::room;
    return {.address = &packet,
            .memory = behind_header(packet),
            .padding = room::padding,
            .headroom = room::headroom,
            .tailroom = room::tailroom,
            .allocated = packet.allocated,
            .bucket = packet.bucket};
}

/// Allocates and constructs; the buffer is left as the source gave it, but for a guard.
template <class Packet, packet_source Source>
[[nodiscard]] Packet* make_packet(Source& source, std::size_t capacity, std::uint8_t bucket)
{
    if (capacity > max_packet_size) {
        throw_size_too_large(capacity, max_packet_size);
    }
    auto const bytes = packet_bytes<Packet>(capacity);
    void* const memory = source.allocate(bytes);
    Ensures(
        (memory != nullptr && reinterpret_cast<std::uintptr_t>(memory) % packet_alignment == 0) ||
        broken("the packet source gave memory that is null or not aligned to packet_alignment; "
               "let allocate() throw, and align what it gives"));
    try {
        auto* const packet = ::new (memory)
            Packet(construction_key{}, gsl::narrow_cast<std::uint16_t>(capacity), bucket);
        if constexpr (Packet::care::hardened) {
            packet->packet_guard().begin(guarded(*packet));
        }
        return packet;
    } catch (...) { // from the metadata
        source.deallocate(memory, bytes);
        throw;
    }
}

/// Whatever its state is.
template <class Packet, packet_source Source>
void destroy_packet(Source& source, Packet* packet) noexcept
{
    show(packet, sizeof(Packet));
    auto const bytes = packet_bytes<Packet>(packet->allocated);
    show(packet, bytes);
    if constexpr (Packet::care::hardened) {
        packet->packet_guard().check_idle(guarded(*packet));
    }
    packet->~Packet();
    if constexpr (Packet::care::clears) {
        wipe(packet, bytes);
    }
    source.deallocate(packet, bytes);
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

/// Back from the user: what the metadata owns goes now, not at the next acquire, and so do secrets.
/// It may run code of the user's, so nobody holds a lock. `pool` is where it was brought to.
template <class Packet>
PKTPOOL_HOT void retire(Packet& packet,
                        [[maybe_unused]] typename Packet::care::ledger const* pool = nullptr,
                        [[maybe_unused]] std::source_location where = {}) noexcept
{
    using metadata = typename Packet::metadata;
    using care = typename Packet::care;
    touch(&packet); // it may be idle, or gone
    if constexpr (care::hardened || care::clears) {
        show(behind_header(packet), packet_bytes<Packet>(packet.allocated) - sizeof(Packet));
    }
    if constexpr (care::hardened) {
        packet.packet_guard().retire(guarded(packet), pool, where);
    } else if constexpr (care::clears) { // a guard writes over what was there, too
        wipe(behind_header(packet), packet_bytes<Packet>(packet.allocated) - sizeof(Packet));
    }
    if constexpr (!std::is_trivially_destructible_v<metadata>) {
        [[maybe_unused]] metadata const given_up(std::move(static_cast<metadata&>(packet)));
    }
    if constexpr (care::clears && std::is_nothrow_default_constructible_v<metadata>) {
        packet.reset();
    }
}

} // namespace pktpool
