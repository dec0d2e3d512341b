// The guard of a hardened packet: a record at the end of its header that detects misuse.
// Exports nothing.
export module pktpool:packet.guard;

import pktpool.standard;
import :sizes.bucket;
import :policy.options;
import :packet.layout;

namespace pktpool {

/// Identifies a pool in the guards of its packets and in reports.
struct pool_identity {
    std::source_location first_use; ///< call site of its first acquire
};

/// The end of a hardened packet's header. The buffer of an idle packet, the bytes that nobody asked
/// for and the trailer behind them hold one pattern. A write in front of the buffer changes the
/// canary first; the seal tells whether the other members can be trusted.
class alignas(packet_alignment) guard_record {
public:
    static constexpr std::size_t trailer = 16; // bytes behind the buffer

    /// For a new packet, which is idle.
    void begin(packet_memory const& memory) noexcept;
    /// From idle to outstanding, with `requested` bytes for the user. `acquired` is the call site,
    /// default-constructed if it is not recorded. Contract: nobody wrote to the idle packet.
    void lend(packet_memory const& memory, std::size_t requested, pool_identity const* pool,
              std::source_location acquired) noexcept;
    /// From outstanding to idle. Contract: the packet is outstanding, of this pool, and undamaged.
    void retire(packet_memory const& memory, pool_identity const* pool,
                std::source_location where) noexcept;
    /// The user asks for `bytes` of the datagram, if these are more than before. Returns how many
    /// the user has now. Contract: the packet is outstanding, and nobody wrote to the new ones.
    std::size_t request(packet_memory const& memory, std::size_t bytes,
                        std::source_location where) noexcept;
    /// Bytes of the datagram that the user may use.
    [[nodiscard]] std::size_t requested() const noexcept { return requested_; }
    /// Contract: nobody wrote to the idle packet.
    void check_idle(packet_memory const& memory) const noexcept;

private:
    friend class outstanding_list;
    enum class state : std::uint8_t { idle, outstanding };

    [[nodiscard]] std::uint64_t canary() const noexcept;
    [[nodiscard]] std::uint32_t seal() const noexcept;
    [[nodiscard]] std::uint32_t list_seal() const noexcept;
    void check_header(packet_memory const& memory, std::source_location where) const noexcept;
    void check_list_seal(void const* packet, std::source_location where) const noexcept;
    void check_not_overrun(packet_memory const& memory, std::byte const* begin,
                           std::byte const* end, std::source_location where) const noexcept;
    void check_not_written(packet_memory const& memory, std::byte const* begin,
                           std::byte const* end, std::string_view how,
                           std::source_location where) const noexcept;
    [[noreturn]] bool report_misuse(void const* packet, std::string_view how,
                                    std::source_location where) const noexcept;

    // For outstanding_list, under the lock of the pool; null while the call site is not recorded.
    guard_record* older_ = nullptr;
    guard_record* newer_ = nullptr;
    pool_identity const* pool_ = nullptr;
    std::source_location acquired_{};
    std::source_location released_{};
    std::uint16_t requested_ = 0; // bytes
    std::uint16_t capacity_ = 0;
    std::uint8_t bucket_ = 0;
    state state_ = state::idle;
    std::uint32_t seal_ = 0;      // of all members but the links
    std::uint32_t list_seal_ = 0; // of the members that the list reads: links, call site, bucket
    // The last word in front of the buffer. 32-bit x86 would align it to 4 bytes only.
    alignas(8) std::uint64_t canary_ = 0;
};

static_assert(sizeof(guard_record) % packet_alignment == 0, "the canary is next to the buffer");

/// What `hardened` and `clear_on_release` add to a packet.
template <class Hardening, bool Clears>
struct packet_protection {
    static constexpr bool hardened = false;
    static constexpr bool clears = Clears;
    struct guard {
        static constexpr std::size_t trailer = 0;
    };
};
template <hardening_policy Hardening, bool Clears>
struct packet_protection<Hardening, Clears> {
    static constexpr bool hardened = true;
    static constexpr bool clears = Clears;
    using guard = guard_record;
};

using no_protection = packet_protection<not_given, false>;

} // namespace pktpool
