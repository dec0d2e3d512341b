// Requests to AddressSanitizer and Memcheck. Exports nothing. To both an idle packet is ordinary
// allocated memory; these requests tell them which bytes may be used.
module;
#include "attributes.hpp"

#if defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define PKTPOOL_ASAN
#    endif
#endif
// PKTPOOL_ADDRESS_SANITIZER is from the CMake package: a target that imports has the sanitizer.
#if (defined(__SANITIZE_ADDRESS__) || defined(PKTPOOL_ADDRESS_SANITIZER)) && !defined(PKTPOOL_ASAN)
#    define PKTPOOL_ASAN
#endif

// A request to Memcheck takes a few instructions also outside Memcheck, so NDEBUG removes them.
#if defined(PKTPOOL_ASAN) && defined(__ELF__)
#    include "sanitizer_requests.hpp"

#    define PKTPOOL_ASK_ASAN(request)                                                              \
        (__asan_##request##_memory_region != nullptr                                               \
             ? __asan_##request##_memory_region(memory, bytes)                                     \
             : void())
#elif defined(PKTPOOL_ASAN)
#    include <sanitizer/asan_interface.h>
#    define PKTPOOL_ASK_ASAN(request) __asan_##request##_memory_region(memory, bytes)
#elif !defined(NDEBUG) && __has_include(<valgrind/memcheck.h>)
#    define PKTPOOL_MEMCHECK
#    include <valgrind/memcheck.h>
#endif

export module pktpool:support.memory_checker;

import pktpool.standard;

namespace pktpool {

/// Whether this build sends requests to AddressSanitizer or Memcheck.
#if defined(PKTPOOL_ASAN) || defined(PKTPOOL_MEMCHECK)
inline constexpr bool memory_is_checked = true;
#else
inline constexpr bool memory_is_checked = false;
#endif

/// The bytes may not be used. O(bytes), like the others; compiles to nothing without a checker.
PKTPOOL_ALWAYS_INLINE void poison([[maybe_unused]] void const* memory,
                                  [[maybe_unused]] std::size_t bytes) noexcept
{
#if defined(PKTPOOL_ASAN)
    PKTPOOL_ASK_ASAN(poison);
#elif defined(PKTPOOL_MEMCHECK)
    static_cast<void>(VALGRIND_MAKE_MEM_NOACCESS(memory, bytes));
#endif
}

/// The bytes may be used again, with their old contents.
PKTPOOL_ALWAYS_INLINE void unpoison([[maybe_unused]] void const* memory,
                                    [[maybe_unused]] std::size_t bytes) noexcept
{
#if defined(PKTPOOL_ASAN)
    PKTPOOL_ASK_ASAN(unpoison);
#elif defined(PKTPOOL_MEMCHECK)
    static_cast<void>(VALGRIND_MAKE_MEM_DEFINED(memory, bytes));
#endif
}

/// The bytes may be written, and read only after that.
PKTPOOL_ALWAYS_INLINE void unpoison_uninitialized([[maybe_unused]] void const* memory,
                                                  [[maybe_unused]] std::size_t bytes) noexcept
{
#if defined(PKTPOOL_ASAN)
    PKTPOOL_ASK_ASAN(unpoison);
#elif defined(PKTPOOL_MEMCHECK)
    static_cast<void>(VALGRIND_MAKE_MEM_UNDEFINED(memory, bytes));
#endif
}

/// Unpoisons the first `bytes`. Those that could be used before keep their contents; the others
/// may be written, and read only after that.
inline void unpoison_more([[maybe_unused]] std::byte* memory,
                          [[maybe_unused]] std::size_t bytes) noexcept
{
#if defined(PKTPOOL_ASAN)
    PKTPOOL_ASK_ASAN(unpoison);
#elif defined(PKTPOOL_MEMCHECK)
    constexpr unsigned not_addressable = 3;
    for (std::byte bits{};
         bytes > 0 && VALGRIND_GET_VBITS(memory + bytes - 1, &bits, 1) == not_addressable;) {
        static_cast<void>(VALGRIND_MAKE_MEM_UNDEFINED(memory + --bytes, 1));
    }
#endif
}

/// Reads a byte, so that the checker reports poisoned memory here and not later.
PKTPOOL_ALWAYS_INLINE void probe([[maybe_unused]] void const* memory) noexcept
{
    if constexpr (memory_is_checked) {
        static_cast<void>(*static_cast<std::byte const volatile*>(memory));
    }
}

} // namespace pktpool
