// The global heap of the test program: counted, and made to fail on demand.
#pragma once

#include <cstddef>

/// Blocks that operator new gave and operator delete did not take back yet.
std::size_t live_allocations() noexcept;

/// Bytes of those blocks.
std::size_t allocated_bytes() noexcept;

/// How often operator new was called.
std::size_t allocation_count() noexcept;

/// Within its life the allocation after `successes` more, and every one behind it, fails.
class failing_heap {
public:
    explicit failing_heap(std::size_t successes) noexcept;
    failing_heap(failing_heap const&) = delete;
    failing_heap& operator=(failing_heap const&) = delete;
    ~failing_heap();
};
