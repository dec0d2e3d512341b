// The life of a packet: allocated, outstanding, idle, outstanding again, freed. The memory
// checkers, the guard and clear_on_release are called here. An idle packet has no metadata: an
// acquire constructs them, a release or a drop destroys them.
module;
#include <gsl/assert>

#include "../support/attributes.hpp"

export module pktpool:packet.lifecycle;

import pktpool.standard;
import :support.error;
import :support.memory_checker;
import :sizes.bucket;
import :policy.source;
import :policy.metadata;
import :packet.layout;
import :packet.guard;
import :packet.packet;

namespace pktpool {

/// Fills memory with zeros, also if the compiler knows that it is freed next. O(bytes).
PKTPOOL_ALWAYS_INLINE void wipe(void* memory, std::size_t bytes) noexcept
{
#if defined(_MSC_VER)
    auto volatile* const first = static_cast<std::byte volatile*>(memory);
    for (std::size_t i = 0; i < bytes; ++i) {
        first[i] = std::byte{0};
    }
#else
    std::memset(memory, 0, bytes);
    asm volatile("" : : "r"(memory) : "memory"); // the compiler must assume a read
#endif
}

template <packet_source Source>
[[nodiscard]] void* allocate_packet(Source& source, std::size_t bytes)
{
    void* const memory = source.allocate(bytes);
    Ensures(
        (memory != nullptr && reinterpret_cast<std::uintptr_t>(memory) % packet_alignment == 0) ||
        report_and_end("the packet source returned memory that is null or not aligned to "
                       "packet_alignment; let allocate() throw, and align its memory"));
    return memory;
}

/// The steps between the states of a packet. They call user code: the source, and constructor,
/// destructor and move assignment of metadata.
template <class Packet>
struct packet_lifecycle {
    using metadata = typename Packet::metadata;
    using layout = typename Packet::layout;
    using protection = typename Packet::protection;

    /// Such metadata own nothing, and a constructed object equals an assigned one: they stay in the
    /// idle packet, which saves stores.
    static constexpr bool keeps_idle_metadata = std::is_trivially_copyable_v<metadata>;

    /// An outstanding packet in new memory. The buffer is not touched, except by a guard. Throws
    /// what the source and `Metadata{}` throw, std::length_error above max_packet_size.
    template <packet_source Source>
    [[nodiscard]] static Packet* make(Source& source, std::size_t capacity, std::uint8_t bucket)
    {
        if (capacity > max_packet_size) {
            throw_size_too_large(capacity, max_packet_size);
        }
        auto const bytes = packet_bytes<Packet>(capacity);
        void* const memory = allocate_packet(source, bytes);
        try {
            auto* const packet = ::new (memory) Packet(gsl::narrow_cast<std::uint16_t>(capacity),
                                                       bucket, typename protection::guard{});
            if constexpr (protection::hardened) {
                packet->guard_.begin(memory_of(*packet, packet->allocated, packet->bucket));
            }
            return packet;
        } catch (...) { // from the metadata
            source.deallocate(memory, bytes);
            throw;
        }
    }

    /// An idle packet in new memory.
    template <packet_source Source>
    [[nodiscard]] static Packet* make_idle(Source& source, std::uint16_t capacity,
                                           std::uint8_t bucket)
    {
        if constexpr (keeps_idle_metadata) {
            return make(source, capacity, bucket);
        } else {
            auto* const idle =
                static_cast<Packet*>(allocate_packet(source, packet_bytes<Packet>(capacity)));
            if constexpr (protection::hardened) {
                std::construct_at(&idle->guard_)->begin(memory_of(*idle, capacity, bucket));
            }
            return idle;
        }
    }

    /// Constructs a packet where an idle one is. Throws what `Metadata{}` throws; the idle packet
    /// is then unchanged.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE static Packet* revive(Packet* idle, std::uint16_t capacity,
                                                              std::uint8_t bucket)
    {
        unpoison(idle, sizeof(Packet));
        if constexpr (keeps_idle_metadata) {
            idle->reset(metadata{});
            return idle;
        } else {
            auto const guard = idle->guard_;
            try {
                return ::new (static_cast<void*>(idle)) Packet(capacity, bucket, guard);
            } catch (...) {
                std::construct_at(&idle->guard_, guard);
                throw;
            }
        }
    }

    /// Gives the user `requested` bytes and poisons the rest. `pool` and `acquired`, the call site
    /// or a default-constructed one, are for the guard.
    PKTPOOL_ALWAYS_INLINE static void
    lend(Packet& packet, std::size_t requested,
         [[maybe_unused]] pool_identity const* pool = nullptr,
         [[maybe_unused]] std::source_location acquired = {}) noexcept
    {
        auto* const first = behind_header(packet);
        auto const end = layout::front + requested + layout::tailroom;
        auto const rest = packet.allocated - requested + protection::guard::trailer;
        if constexpr (protection::hardened) {
            unpoison(first, end + rest);
            packet.guard_.lend(memory_of(packet, packet.allocated, packet.bucket), requested, pool,
                               acquired);
        }
        packet.used_.start(requested);
        poison(first, layout::padding);
        unpoison_uninitialized(first + layout::padding, end - layout::padding);
        poison(first + end, rest);
    }

    /// Calls the destructor of the metadata, which is user code.
    PKTPOOL_ALWAYS_INLINE static void destroy_metadata(Packet& packet) noexcept
    {
        if constexpr (!keeps_idle_metadata) {
            std::destroy_at(static_cast<metadata*>(&packet));
        }
        if constexpr (protection::clears) {
            auto* const first = reinterpret_cast<std::byte*>(&packet);
            auto const* const end = reinterpret_cast<std::byte const*>(&packet.bucket);
            wipe(first, static_cast<std::size_t>(end - first));
            packet.size = 0;
            packet.header_size = 0;
        }
    }

    /// Ends the use of an outstanding packet: checks it, destroys the metadata, clears the bytes if
    /// a policy asks for it. Called without the lock of the pool. `pool` is the one that the packet
    /// was released to.
    PKTPOOL_ALWAYS_INLINE static void
    retire(Packet& packet, [[maybe_unused]] pool_identity const* pool = nullptr,
           [[maybe_unused]] std::source_location where = {}) noexcept
    {
        probe(&packet); // reports a packet that is idle or freed
        if constexpr (protection::hardened || protection::clears) {
            unpoison(behind_header(packet), bytes_behind_header(packet));
        }
        if constexpr (protection::hardened) {
            packet.guard_.retire(memory_of(packet, packet.allocated, packet.bucket), pool, where);
        }
        destroy_metadata(packet);
        if constexpr (protection::clears && !protection::hardened) { // the guard wrote its pattern
            wipe(behind_header(packet), bytes_behind_header(packet));
        }
    }

    /// Poisons a retired packet until its slab stores or frees it. With `hardened` the slab reads
    /// the header first.
    static void poison_returned([[maybe_unused]] Packet& packet) noexcept
    {
        if constexpr (memory_is_checked) {
            if constexpr (protection::hardened) {
                poison(behind_header(packet), bytes_behind_header(packet));
            } else {
                poison(&packet, packet_bytes<Packet>(packet.allocated));
            }
        }
    }

    /// Frees a packet without metadata. An idle packet may have no readable header, so the caller
    /// passes its capacity and bucket.
    template <packet_source Source>
    static void free(Source& source, Packet* packet, std::uint16_t capacity,
                     [[maybe_unused]] std::uint8_t bucket) noexcept
    {
        auto const bytes = packet_bytes<Packet>(capacity);
        unpoison(packet, bytes);
        if constexpr (protection::hardened) {
            packet->guard_.check_idle(memory_of(*packet, capacity, bucket));
        }
        if constexpr (protection::clears) {
            wipe(packet, bytes);
        }
        source.deallocate(packet, bytes);
    }
    /// The same for a packet that was retired just now.
    template <packet_source Source>
    static void free_retired(Source& source, Packet* packet) noexcept
    {
        free(source, packet, packet->allocated, packet->bucket);
    }

    /// Bytes from the start of the datagram to the end of the used ones.
    [[nodiscard]] static std::size_t datagram_bytes(Packet const& packet,
                                                    std::source_location where) noexcept
    {
        packet.check_sizes(where);
        return packet.used_.end_in_datagram(packet.size);
    }
    /// Moves metadata and used bytes. The used bytes keep their distance from the start of the
    /// datagram. Contract: `to` was acquired for datagram_bytes(from).
    static void move_contents(Packet& from, Packet& to) noexcept
    {
        to.reset(std::move(static_cast<metadata&>(from)));
        to.used_.begin_like(from.used_);
        to.size = from.size;
        to.header_size = from.header_size;
        std::memcpy(to.data(), from.data(), from.size);
    }

    [[nodiscard]] static auto& guard(Packet& packet) noexcept { return packet.guard_; }

private:
    [[nodiscard]] static std::size_t bytes_behind_header(Packet const& packet) noexcept
    {
        return packet_bytes<Packet>(packet.allocated) - sizeof(Packet);
    }
};

/// Retires and frees a packet; null is harmless.
export template <class Packet, packet_source Source = heap_source>
struct basic_packet_deleter : private Source {
    basic_packet_deleter() = default;
    explicit basic_packet_deleter(Source const& source) noexcept : Source(source) {}

    void operator()(Packet* packet) noexcept
    {
        if (packet != nullptr) {
            packet_lifecycle<Packet>::retire(*packet);
            packet_lifecycle<Packet>::free_retired(static_cast<Source&>(*this), packet);
        }
    }

    [[nodiscard]] Source const& source() const noexcept { return *this; }
};

export using packet_deleter = basic_packet_deleter<packet>;

/// Owns a packet. It may outlive the pool.
export template <packet_metadata Metadata = utp_metadata, packet_source Source = heap_source>
using basic_packet_ptr =
    std::unique_ptr<basic_packet<Metadata>, basic_packet_deleter<basic_packet<Metadata>, Source>>;
export using packet_ptr = basic_packet_ptr<>;

/// A packet of exactly `size` bytes that belongs to no bucket, with `Metadata{}` and an untouched
/// buffer. Throws std::length_error above max_packet_size, std::bad_alloc without memory, and what
/// the metadata throw.
export template <packet_metadata Metadata = utp_metadata>
[[nodiscard]] basic_packet_ptr<Metadata> create_packet(byte_count size)
{
    heap_source source;
    return basic_packet_ptr<Metadata>(
        packet_lifecycle<basic_packet<Metadata>>::make(source, size, no_bucket));
}

/// The packets of a policy_set.
template <class Policies, class Layout>
using packet_of = basic_packet<typename Policies::metadata, Layout,
                               packet_protection<typename Policies::hardening, Policies::clears>>;

static_assert(sizeof(packet_ptr) == sizeof(void*));

} // namespace pktpool
