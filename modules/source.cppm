// Where the memory of packets comes from and goes back to.
module;
#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <memory_resource>
#include <new>
#include <type_traits>

#include "pktpool_attributes.hpp"

export module pktpool:source;

import :error;

namespace pktpool {

/// Every packet, and so its buffer, is aligned to this many bytes.
export inline constexpr std::size_t packet_alignment = 16;

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

/// A memory source. A pool calls it inside of what its threading policy guards, so that a pool that
/// is `synchronized` needs no source with a lock. Not so for handles that their pool does not hear
/// of (`free_on_drop` without `counted` and `hardened`), and for those that outlive their pool:
/// such a handle calls the source where it is dropped. A source may call the pool that it serves.
///   `void* allocate(bytes)`: aligned to packet_alignment; throws when memory is out
///
///   `void deallocate(memory, bytes) noexcept`: takes back what `allocate(bytes)` gave
///
///   `==`, unless stateless: may one free what the other gave?
/// Copies share their memory; a stateless source costs no byte in a handle.
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

/// The C heap, the default source, as libtorrent's: malloc and free without the detour of the
/// global operator new. An allocator that replaces malloc serves it, too.
export struct heap_source {
    /// Throws std::bad_alloc when memory is out.
    PKTPOOL_HOT static void* allocate(std::size_t bytes)
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

    PKTPOOL_HOT static void deallocate(void* memory, std::size_t) noexcept
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

/// A polymorphic memory resource: an arena, a pool of huge pages, a budget. The resource lives
/// longer than every packet from it. Where several threads drop handles that their pool does not
/// hear of, it is one that several threads may use, as std::pmr::synchronized_pool_resource is.
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

static_assert(packet_source<heap_source> && packet_source<pmr_source>);
static_assert(std::is_empty_v<heap_source>);

} // namespace pktpool
