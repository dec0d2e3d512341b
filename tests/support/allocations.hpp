// The heap of the test program: it counts, and it fails on demand.
#pragma once

#include <cstddef>
#include <limits>

/// Blocks from malloc and operator new that are not freed.
std::size_t live_allocations() noexcept;

/// Bytes of these blocks.
std::size_t allocated_bytes() noexcept;

/// Number of all allocations so far.
std::size_t allocation_count() noexcept;

/// Allocations that a failing_heap refused.
std::size_t refused_allocations() noexcept;

/// Live blocks from malloc: the packets of a heap_source.
std::size_t live_mallocs() noexcept;
std::size_t malloced_bytes() noexcept;

/// Is told of every call of malloc and free that succeeds, on any thread. Null: nobody is told.
class malloc_observer {
public:
    virtual void allocated(void const* block) = 0;
    virtual void freed(void const* block) = 0;

protected:
    malloc_observer() = default;
    malloc_observer(malloc_observer const&) = default;
    malloc_observer& operator=(malloc_observer const&) = default;
    ~malloc_observer() = default;
};
void observe_mallocs(malloc_observer* by) noexcept;

/// During its life `failures` allocations fail, after `successes` that succeed.
class failing_heap {
public:
    explicit failing_heap(std::size_t successes,
                          std::size_t failures = std::numeric_limits<std::size_t>::max()) noexcept;
    failing_heap(failing_heap const&) = delete;
    failing_heap& operator=(failing_heap const&) = delete;
    ~failing_heap();
};
