// MSVC ignores the standard attribute and has its own.
#pragma once

#if defined(_MSC_VER)
#    define PKTPOOL_NO_UNIQUE_ADDRESS [[msvc::no_unique_address]]
#else
#    define PKTPOOL_NO_UNIQUE_ADDRESS [[no_unique_address]]
#endif
