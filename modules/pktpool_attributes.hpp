// What the standard has no portable word for. Nothing of it leaves the module.
#pragma once

// MSVC ignores the standard attribute and has its own.
#if defined(_MSC_VER)
#    define PKTPOOL_NO_UNIQUE_ADDRESS [[msvc::no_unique_address]]
#else
#    define PKTPOOL_NO_UNIQUE_ADDRESS [[no_unique_address]]
#endif

// An acquire or a release is a few instructions, and a compiler that sees the rare branches behind
// them would make it a call: hot functions are inlined, rare branches never.
#if defined(_MSC_VER)
#    define PKTPOOL_HOT __forceinline
#    define PKTPOOL_RARE __declspec(noinline)
#else
#    define PKTPOOL_HOT [[gnu::always_inline]] inline
#    define PKTPOOL_RARE [[gnu::noinline]]
#endif
