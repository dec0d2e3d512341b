// Whether the bytes of a packet outlive its use.
module;
#include <concepts>
#include <cstddef>
#include <cstring>

#include "pktpool_attributes.hpp"

export module pktpool:clearing;

namespace pktpool {

template <class C>
concept clearing_says_whether = requires {
    { C::clears_released } -> std::same_as<bool const&>;
};

/// `static constexpr bool clears_released`: whether a packet is cleared when its handle lets it go.
export template <class C>
concept clearing_policy = clearing_says_whether<C>;

/// The default: a payload costs more to clear than the pool takes for everything else.
struct never_cleared {
    static constexpr bool clears_released = false;
};

/// For secrets: the metadata is destroyed, and its bytes and the whole buffer are zero before the
/// packet is kept or freed, however its handle let it go; with `hardened` the buffer holds the
/// pattern of that instead. All of it is zero before its memory goes back to the source. No
/// optimiser removes that.
export struct clear_on_release {
    static constexpr bool clears_released = true;
};

static_assert(clearing_policy<never_cleared> && clearing_policy<clear_on_release>);

/// Zeroes, also what the compiler knows to be freed next. O(bytes).
PKTPOOL_HOT void wipe(void* memory, std::size_t bytes) noexcept
{
#if defined(_MSC_VER)
    auto volatile* const first = static_cast<std::byte volatile*>(memory);
    for (std::size_t i = 0; i < bytes; ++i) {
        first[i] = std::byte{0};
    }
#else
    std::memset(memory, 0, bytes);
    asm volatile("" : : "r"(memory) : "memory"); // as if somebody read it
#endif
}

} // namespace pktpool
