#include "allocations.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>

#if defined(_MSC_VER)
#    include <malloc.h>
#endif

namespace {

// The size of a block is stored in front of it, in as many bytes as its alignment.
constexpr std::size_t head = 16;

constexpr auto never = std::numeric_limits<std::size_t>::max();

std::atomic<std::size_t> count{0};
std::atomic<std::size_t> live{0};
std::atomic<std::size_t> live_bytes{0};
std::atomic<std::size_t> refused{0};
std::atomic<std::size_t> mallocs{0};
std::atomic<std::size_t> malloc_bytes{0};
std::atomic<malloc_observer*> observer{nullptr};
thread_local std::size_t successes_left = never;
thread_local std::size_t failures_left = 0;

} // namespace

#if defined(_MSC_VER)
static void* heap_allocate(std::size_t bytes, std::size_t alignment)
{
    return _aligned_malloc(bytes, alignment);
}
static void heap_free(void* block)
{
    _aligned_free(block);
}
#else
// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names.
// The linker sends every call of malloc and free in the test program here (--wrap).
extern "C" void* __real_malloc(std::size_t bytes);
extern "C" void __real_free(void* block);
// NOLINTEND(bugprone-reserved-identifier)
static void* heap_allocate(std::size_t bytes, std::size_t alignment)
{
    return alignment <= head
               ? __real_malloc(bytes)
               : std::aligned_alloc(alignment, (bytes + alignment) & ~(alignment - 1));
}
static void heap_free(void* block)
{
    __real_free(block);
}
#endif

static void* allocate(std::size_t bytes, std::size_t alignment = head) noexcept
{
    if (successes_left != never) {
        if (successes_left > 0) {
            --successes_left;
        } else if (failures_left > 0) {
            --failures_left;
            ++refused;
            return nullptr;
        }
    }
    void* const block = heap_allocate(alignment + bytes, alignment);
    if (block == nullptr) {
        return nullptr;
    }
    ::new (block) std::size_t(bytes);
    ++count;
    ++live;
    live_bytes += bytes;
    return static_cast<std::byte*>(block) + alignment;
}

static std::size_t size_of(void* memory, std::size_t alignment = head) noexcept
{
    return *reinterpret_cast<std::size_t*>(static_cast<std::byte*>(memory) - alignment);
}

static void deallocate(void* memory, std::size_t alignment = head) noexcept
{
    if (memory != nullptr) {
        --live;
        live_bytes -= size_of(memory, alignment);
        heap_free(static_cast<std::byte*>(memory) - alignment);
    }
}

std::size_t live_allocations() noexcept
{
    return live;
}
std::size_t allocated_bytes() noexcept
{
    return live_bytes;
}
std::size_t allocation_count() noexcept
{
    return count;
}
std::size_t refused_allocations() noexcept
{
    return refused;
}
std::size_t live_mallocs() noexcept
{
    return mallocs;
}
std::size_t malloced_bytes() noexcept
{
    return malloc_bytes;
}
void observe_mallocs(malloc_observer* by) noexcept
{
    observer = by;
}
failing_heap::failing_heap(std::size_t successes, std::size_t failures) noexcept
{
    successes_left = successes;
    failures_left = failures;
}
failing_heap::~failing_heap()
{
    successes_left = never;
}

// NOLINTBEGIN(bugprone-reserved-identifier)
#if !defined(_MSC_VER)
extern "C" void* __wrap_malloc(std::size_t bytes)
{
    void* const memory = allocate(bytes);
    if (memory != nullptr) {
        ++mallocs;
        malloc_bytes += bytes;
        if (auto* const by = observer.load()) {
            by->allocated(memory);
        }
    }
    return memory;
}
extern "C" void __wrap_free(void* memory)
{
    if (memory != nullptr) {
        --mallocs;
        malloc_bytes -= size_of(memory);
        if (auto* const by = observer.load()) {
            by->freed(memory);
        }
    }
    deallocate(memory);
}
#endif
// NOLINTEND(bugprone-reserved-identifier)

void* operator new(std::size_t bytes)
{
    if (void* const memory = allocate(bytes)) {
        return memory;
    }
    throw std::bad_alloc();
}
void* operator new[](std::size_t bytes)
{
    return operator new(bytes);
}
void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept
{
    return allocate(bytes);
}
void* operator new[](std::size_t bytes, std::nothrow_t const&) noexcept
{
    return allocate(bytes);
}
void operator delete(void* memory) noexcept
{
    deallocate(memory);
}
void operator delete[](void* memory) noexcept
{
    deallocate(memory);
}
void operator delete(void* memory, std::size_t) noexcept
{
    deallocate(memory);
}
void operator delete[](void* memory, std::size_t) noexcept
{
    deallocate(memory);
}

void* operator new(std::size_t bytes, std::align_val_t alignment)
{
    if (void* const memory = allocate(bytes, static_cast<std::size_t>(alignment))) {
        return memory;
    }
    throw std::bad_alloc();
}
void operator delete(void* memory, std::align_val_t alignment) noexcept
{
    deallocate(memory, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept
{
    deallocate(memory, static_cast<std::size_t>(alignment));
}
