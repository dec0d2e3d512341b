// Packet sources: where the memory of packets comes from and goes back to.
module;
#include "../support/attributes.hpp"

export module pktpool:policy.source;

import pktpool.standard;
import :support.error;
import :sizes.bucket;

namespace pktpool {

template <class S>
concept source_allocates = requires(S source, std::size_t bytes) {
    { source.allocate(bytes) } -> std::same_as<void*>;
};

template <class S>
concept source_deallocates = requires(S source, void* memory, std::size_t bytes) {
    { source.deallocate(memory, bytes) } noexcept;
};

/// A handle and its pool each hold a copy: any copy must free what another one allocated.
template <class S>
concept source_is_copied_freely =
    std::is_class_v<S> && !std::is_final_v<S> && std::is_nothrow_copy_constructible_v<S> &&
    std::is_nothrow_copy_assignable_v<S>;

/// Packets of one source must not be kept by the slab of another.
template <class S>
concept source_compares_when_stateful = std::is_empty_v<S> || std::equality_comparable<S>;

/// A memory source.
///   `void* allocate(bytes)`: aligned to packet_alignment; throws when memory is out
///
///   `void deallocate(memory, bytes) noexcept`: takes back memory of `allocate(bytes)`
///
///   `==`, unless stateless: whether one may deallocate memory of the other
///
///   `static constexpr bool one_thread_only = true`, optional: single_owner refuses the source
/// Copies share their memory; a stateless source adds no byte to a handle.
///
/// Threads: a pool calls its source while its threading policy holds its lock, so the source of a
/// `synchronized` pool needs no lock of its own. Two kinds of dropped handles call the source where
/// they are dropped, without the lock: those of a pool with free_on_drop and without `counted` and
/// `hardened`, and those that outlive their pool. With single_owner any thread that releases may
/// call deallocate(), several at once. A source may call the pool that it serves.
export template <class S>
concept packet_source = source_allocates<S> && source_deallocates<S> &&
                        source_is_copied_freely<S> && source_compares_when_stateful<S>;

template <packet_source S>
[[nodiscard]] constexpr bool same_source(S const& a, S const& b) noexcept
{
    if constexpr (std::is_empty_v<S>) {
        return true;
    } else {
        return a == b;
    }
}

/// The C heap, the default source, as in libtorrent: malloc and free, without the call of the
/// global operator new between. An allocator that replaces malloc also replaces this.
export struct heap_source {
    /// Throws std::bad_alloc when memory is out.
    PKTPOOL_ALWAYS_INLINE static void* allocate(std::size_t bytes)
    {
        if constexpr (malloc_aligns) {
            if (void* const memory = std::malloc(bytes)) [[likely]] {
                return memory;
            }
            throw_bad_alloc();
        } else {
            return ::operator new(bytes, std::align_val_t{packet_alignment});
        }
    }

    PKTPOOL_ALWAYS_INLINE static void deallocate(void* memory, std::size_t) noexcept
    {
        if constexpr (malloc_aligns) {
            std::free(memory);
        } else {
            ::operator delete(memory, std::align_val_t{packet_alignment});
        }
    }

private:
    static constexpr bool malloc_aligns = alignof(std::max_align_t) >= packet_alignment;
};

/// The C++ heap; every packet starts at a cache line. For packets that one thread fills and another
/// one reads: header and first bytes are then in one line, which moves between the processors, and
/// not in two. Takes up to 63 bytes per packet more than heap_source.
export struct cache_line_source {
    /// Throws std::bad_alloc when memory is out.
    [[nodiscard]] static void* allocate(std::size_t bytes) { return ::operator new(bytes, line); }
    static void deallocate(void* memory, std::size_t) noexcept { ::operator delete(memory, line); }

private:
    static constexpr std::align_val_t line{64}; // bytes, on x86 and most processors of ARM
};

/// A polymorphic memory resource: an arena, a pool of huge pages, a budget. Contract: the resource
/// outlives every packet from it. If several threads drop handles without the lock of a pool (see
/// packet_source), several threads may use the resource at once, for example a
/// std::pmr::synchronized_pool_resource.
export class pmr_source {
public:
    /// std::pmr::get_default_resource().
    pmr_source() noexcept = default;
    explicit pmr_source(std::pmr::memory_resource& upstream) noexcept : upstream_(&upstream) {}

    /// Throws what the resource throws when it is out of memory.
    [[nodiscard]] inline void* allocate(std::size_t bytes)
    {
        return upstream_->allocate(bytes, packet_alignment);
    }
    inline void deallocate(void* memory, std::size_t bytes) noexcept
    {
        upstream_->deallocate(memory, bytes, packet_alignment);
    }

    friend inline bool operator==(pmr_source const& a, pmr_source const& b) noexcept
    {
        return *a.upstream_ == *b.upstream_;
    }

private:
    std::pmr::memory_resource* upstream_ = std::pmr::get_default_resource();
};

static_assert(packet_source<heap_source> && packet_source<cache_line_source> &&
              packet_source<pmr_source>);
static_assert(std::is_empty_v<heap_source> && std::is_empty_v<cache_line_source>);

} // namespace pktpool
