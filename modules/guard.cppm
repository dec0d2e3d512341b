// Misuse caught in any build: what a hardened packet carries, and the list of those that are out.
module;
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string_view>
#include <vector>

export module pktpool:guard;

import :source;

namespace pktpool {

template <class H>
concept hardening_says_how_many_places = requires {
    { H::places_one_in } -> std::same_as<std::uint32_t const&>;
    requires H::places_one_in > 0;
};

template <class H>
concept hardening_says_whether_it_reports = requires {
    { H::reports_outstanding } -> std::same_as<bool const&>;
};

/// `static constexpr std::uint32_t places_one_in`: the place of one in so many acquires is recorded
///
/// `static constexpr bool reports_outstanding`: whether the end of a pool says on stderr what is
///                                               still out
export template <class H>
concept hardening_policy =
    hardening_says_how_many_places<H> && hardening_says_whether_it_reports<H>;

/// Every packet is checked when it is released, handed out again and freed: a double release, a
/// release to another pool, an overwritten header, an overrun and a write after release end the
/// program with the packet, its pool and the place of its acquire. Derive from it to change a
/// number. Writes each released buffer once and reads it once: O(bytes).
export struct hardened {
    static constexpr std::uint32_t places_one_in = 1;
    static constexpr bool reports_outstanding = false;
};

static_assert(hardening_policy<hardened>);

/// Packets that were acquired at one place and are not back yet.
export struct outstanding_packets {
    std::source_location place; ///< of the acquire
    std::size_t bucket;         ///< index, or no_bucket
    std::size_t count;          ///< packets; with places_one_in > 1, of those that were recorded
};

/// A packet as its guard sees it.
struct guarded_packet {
    void const* address;
    std::byte* memory;    // behind the header
    std::size_t padding;  // bytes there that are nobody's
    std::size_t headroom; // bytes behind those
    std::size_t tailroom; // bytes behind the datagram
    std::uint16_t allocated;
    std::uint8_t bucket;
};

class ledger;

/// The end of a hardened packet's header. An idle buffer, the bytes of a packet that were not asked
/// for and the trailer behind it hold one pattern. A write in front of the buffer meets the canary
/// first; the seal tells whether the rest of the record can still be believed.
class alignas(packet_alignment) guard_record {
public:
    static constexpr std::size_t trailer = 16; // bytes behind the buffer

    /// A new packet is idle.
    void begin(guarded_packet const& packet) noexcept;
    /// From idle into the user's hands. Contract: nobody wrote to it while it was idle.
    void lend(guarded_packet const& packet, std::size_t asked, ledger& pool,
              std::source_location where, std::uint32_t places_one_in) noexcept;
    /// Back to idle. Contract: it was out, of this pool, and is whole.
    void retire(guarded_packet const& packet, ledger const* pool,
                std::source_location where) noexcept;
    /// The user has `bytes` of it from now on, if that is more. Contract: it is out, and nobody
    /// wrote to those before. Returns how many the user has.
    std::size_t claim(guarded_packet const& packet, std::size_t bytes,
                      std::source_location where) noexcept;
    /// Contract: nobody wrote to it while it was idle.
    void check_idle(guarded_packet const& packet) const noexcept;

private:
    friend class ledger;
    enum class state : std::uint8_t { idle, out };

    [[nodiscard]] std::uint64_t canary() const noexcept;
    [[nodiscard]] std::uint32_t seal() const noexcept;
    [[nodiscard]] std::uint32_t list_seal() const noexcept;
    void check_header(guarded_packet const& packet, std::source_location where) const noexcept;
    void check_links(void const* packet, std::source_location where) const noexcept;
    void check_not_overrun(guarded_packet const& packet, std::byte const* begin,
                           std::byte const* end, std::source_location where) const noexcept;
    void check_not_written(guarded_packet const& packet, std::byte const* begin,
                           std::byte const* end, std::string_view how,
                           std::source_location where) const noexcept;
    [[nodiscard]] bool misused(void const* packet, std::string_view how,
                               std::source_location where) const noexcept;

    // In the ledger, whose lock is held where they are used; null when the place is not recorded.
    guard_record* older_ = nullptr;
    guard_record* newer_ = nullptr;
    ledger* pool_ = nullptr;
    std::source_location acquired_{};
    std::source_location released_{};
    std::uint16_t asked_ = 0; // bytes
    std::uint16_t allocated_ = 0;
    std::uint8_t bucket_ = 0;
    state state_ = state::idle;
    std::uint32_t seal_ = 0;      // of all but the links
    std::uint32_t list_seal_ = 0; // of what the list reads: links, place, bucket
    std::uint64_t canary_ = 0;    // the last word in front of the buffer
};

/// The packets of a pool whose place is recorded while they are out, newest first.
class ledger {
public:
    ledger() = default;
    ledger(ledger const&) = delete;
    ledger& operator=(ledger const&) = delete;
    ~ledger() = default;

    /// Whether this acquire is one whose place is recorded; the first is.
    [[nodiscard]] bool records(std::uint32_t one_in, std::source_location where) noexcept;
    void add(guard_record& record, void const* packet, std::source_location where) noexcept;
    /// A packet that is back, recorded or not. Contract, as of add(): nobody wrote over its links
    /// or over those of its neighbours; one that was written is reported before it is followed.
    void remove(guard_record& record, std::source_location where) noexcept;

    /// By place and bucket, most packets first. O(n log n) for n packets; throws std::bad_alloc.
    [[nodiscard]] std::vector<outstanding_packets> outstanding() const;
    /// The same on stderr, if there is anything.
    void report() const noexcept;

    [[nodiscard]] std::source_location first_use() const noexcept { return first_use_; }

private:
    /// Null is harmless.
    void check_links(guard_record const* record, std::source_location where) const noexcept;
    void link(guard_record* older, guard_record* newer) noexcept;

    guard_record* newest_ = nullptr;
    std::ptrdiff_t to_record_ = 0; // bytes from the start of a packet
    std::source_location first_use_{};
    std::uint32_t until_next_ = 0; // acquires
};

static_assert(sizeof(guard_record) % packet_alignment == 0, "the canary is next to the buffer");

} // namespace pktpool
