// A source for pools with an owner: counts its bytes, refuses memory on demand.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>

/// The counts are relaxed, so that calls of the source do not order what threads do to packets.
struct counting_source {
    static inline std::atomic<std::size_t> bytes{0}; ///< that packets have now
    static inline std::atomic<std::size_t> packets{0};
    static inline std::atomic<std::size_t> calls{0};
    /// One call in so many throws.
    static constexpr auto never = std::numeric_limits<std::size_t>::max();
    static inline std::atomic<std::size_t> refuses_one_in{never};

    static void* allocate(std::size_t size)
    {
        auto const call = calls.fetch_add(1, std::memory_order_relaxed) + 1;
        if (call % refuses_one_in.load(std::memory_order_relaxed) == 0) {
            throw std::bad_alloc();
        }
        void* const memory = std::malloc(size);
        if (memory == nullptr) {
            throw std::bad_alloc();
        }
        bytes.fetch_add(size, std::memory_order_relaxed);
        packets.fetch_add(1, std::memory_order_relaxed);
        return memory;
    }
    static void deallocate(void* memory, std::size_t size) noexcept
    {
        bytes.fetch_sub(size, std::memory_order_relaxed);
        packets.fetch_sub(1, std::memory_order_relaxed);
        std::free(memory);
    }
};
