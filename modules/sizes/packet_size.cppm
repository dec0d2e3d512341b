// Packet sizes: the largest, the alignment, and a size argument that takes any integer type.
module;
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "../support/attributes.hpp"

export module pktpool:sizes.packet_size;

namespace pktpool {

/// The largest packet, in bytes: the bound of the 16-bit length of a UDP datagram (RFC 768).
export inline constexpr std::size_t max_packet_size = std::numeric_limits<std::uint16_t>::max();

/// Every packet, and therefore its buffer, is aligned to this many bytes.
export inline constexpr std::size_t packet_alignment = 16;

template <class N>
concept counts_bytes =
    std::integral<N> || (!std::floating_point<N> && std::convertible_to<N, std::size_t>);

/// A number of bytes, from any integer type without a warning or a cast. A negative number, and one
/// that std::size_t cannot hold, becomes a number that is above max_packet_size.
export class byte_count {
public:
    template <counts_bytes N>
    // NOLINTNEXTLINE(google-explicit-constructor): it stands for an integer
    PKTPOOL_ALWAYS_INLINE constexpr byte_count(N bytes) noexcept
        : bytes_(static_cast<std::size_t>(bytes))
    {
        if constexpr (std::integral<N> && sizeof(N) > sizeof(std::size_t)) {
            bytes_ =
                static_cast<N>(bytes_) == bytes ? bytes_ : std::numeric_limits<std::size_t>::max();
        }
    }

    // NOLINTNEXTLINE(google-explicit-constructor): the same
    PKTPOOL_ALWAYS_INLINE constexpr operator std::size_t() const noexcept { return bytes_; }

private:
    std::size_t bytes_;
};

static_assert(byte_count(1472) == 1472 && byte_count(-1) > max_packet_size);

} // namespace pktpool
