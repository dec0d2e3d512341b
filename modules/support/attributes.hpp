// Attributes that the compilers spell differently. Macros do not leave a module.
#pragma once

// MSVC ignores the standard attribute and has its own.
#if defined(_MSC_VER)
#    define PKTPOOL_NO_UNIQUE_ADDRESS [[msvc::no_unique_address]]
#else
#    define PKTPOOL_NO_UNIQUE_ADDRESS [[no_unique_address]]
#endif

// An acquire or a release takes a few instructions. A compiler that also counts the rare branches
// would turn it into a call, so the hot functions are always inlined and the rare branches never.
#if defined(_MSC_VER)
#    define PKTPOOL_ALWAYS_INLINE __forceinline
#    define PKTPOOL_NOINLINE __declspec(noinline)
#else
#    define PKTPOOL_ALWAYS_INLINE [[gnu::always_inline]] inline
#    define PKTPOOL_NOINLINE [[gnu::noinline]]
#endif
