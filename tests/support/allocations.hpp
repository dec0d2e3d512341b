// The global heap of the test program: counted, and made to fail on demand.
#pragma once

#include <cstddef>
#include <limits>

/// Blocks that malloc and operator new gave and that were not freed yet.
std::size_t live_allocations() noexcept;

/// Bytes of those blocks.
std::size_t allocated_bytes() noexcept;

/// How many were given.
std::size_t allocation_count() noexcept;

/// How many a failing_heap refused.
std::size_t refused_allocations() noexcept;

/// Of the live blocks those that malloc gave: the packets of a heap_source.
std::size_t live_mallocs() noexcept;
std::size_t malloced_bytes() noexcept;

/// Within its life as many allocations as `failures` says fail, after `successes` more.
class failing_heap {
public:
    explicit failing_heap(std::size_t successes,
                          std::size_t failures = std::numeric_limits<std::size_t>::max()) noexcept;
    failing_heap(failing_heap const&) = delete;
    failing_heap& operator=(failing_heap const&) = delete;
    ~failing_heap();
};
