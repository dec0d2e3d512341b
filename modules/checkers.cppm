// What AddressSanitizer and Memcheck are told: for them an idle packet is the program's memory like
// any other, unless a pool says otherwise.
module;
#include <cstddef>

#include "pktpool_attributes.hpp"

#if defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define PKTPOOL_ASAN
#    endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(PKTPOOL_ASAN)
#    define PKTPOOL_ASAN
#endif

// Memcheck's requests are a few instructions each, also where nobody listens: not with NDEBUG.
#if defined(PKTPOOL_ASAN)
#    include <sanitizer/asan_interface.h>
#elif !defined(NDEBUG) && __has_include(<valgrind/memcheck.h>)
#    define PKTPOOL_MEMCHECK
#    include <valgrind/memcheck.h>
#endif

export module pktpool:checkers;

namespace pktpool {

/// Whether an AddressSanitizer or Memcheck may be watching.
#if defined(PKTPOOL_ASAN) || defined(PKTPOOL_MEMCHECK)
inline constexpr bool memory_is_checked = true;
#else
inline constexpr bool memory_is_checked = false;
#endif

/// Nobody may touch it. O(bytes), as the two below; nothing at all without a checker.
PKTPOOL_HOT void hide([[maybe_unused]] void const* memory,
                      [[maybe_unused]] std::size_t bytes) noexcept
{
#if defined(PKTPOOL_ASAN)
    __asan_poison_memory_region(memory, bytes);
#elif defined(PKTPOOL_MEMCHECK)
    static_cast<void>(VALGRIND_MAKE_MEM_NOACCESS(memory, bytes));
#endif
}

/// It may be used again, and holds what it held.
PKTPOOL_HOT void show([[maybe_unused]] void const* memory,
                      [[maybe_unused]] std::size_t bytes) noexcept
{
#if defined(PKTPOOL_ASAN)
    __asan_unpoison_memory_region(memory, bytes);
#elif defined(PKTPOOL_MEMCHECK)
    static_cast<void>(VALGRIND_MAKE_MEM_DEFINED(memory, bytes));
#endif
}

/// It may be written, and holds nothing yet that may be read.
PKTPOOL_HOT void show_unwritten([[maybe_unused]] void const* memory,
                                [[maybe_unused]] std::size_t bytes) noexcept
{
#if defined(PKTPOOL_ASAN)
    __asan_unpoison_memory_region(memory, bytes);
#elif defined(PKTPOOL_MEMCHECK)
    static_cast<void>(VALGRIND_MAKE_MEM_UNDEFINED(memory, bytes));
#endif
}

/// The first `bytes` may be used from now on; those that already might hold what they held.
inline void show_more([[maybe_unused]] std::byte* memory,
                      [[maybe_unused]] std::size_t bytes) noexcept
{
#if defined(PKTPOOL_ASAN)
    __asan_unpoison_memory_region(memory, bytes);
#elif defined(PKTPOOL_MEMCHECK)
    constexpr unsigned not_addressable = 3;
    for (std::byte bits{};
         bytes > 0 && VALGRIND_GET_VBITS(memory + bytes - 1, &bits, 1) == not_addressable;) {
        static_cast<void>(VALGRIND_MAKE_MEM_UNDEFINED(memory + --bytes, 1));
    }
#endif
}

/// Lets the checker report memory that is hidden, at the place that is wrong.
PKTPOOL_HOT void touch([[maybe_unused]] void const* memory) noexcept
{
    if constexpr (memory_is_checked) {
        static_cast<void>(*static_cast<std::byte const volatile*>(memory));
    }
}

} // namespace pktpool
