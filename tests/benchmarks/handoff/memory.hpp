// A contender of the handoff workloads: a packet memory from which one thread acquires, while other
// threads give packets back.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <utility>

namespace bench {

/// The number of the running thread in its run. 0 is the main thread: before the others start and
/// after they have ended.
inline thread_local std::size_t thread_number = 0;

/// What a memory is made for.
struct extent {
    std::size_t packets = 0; ///< outstanding at a time, at most, of each capacity
    std::size_t threads = 0; ///< that the run starts; they have the numbers 1 to `threads`
    std::size_t owner = 1;   ///< the thread that acquires
};

/// Payload capacities in bytes, for every memory that keeps packets by size: libtorrent's, and the
/// small objects of xmalloc-test.
inline constexpr std::array<std::size_t, 4> handoff_capacities{20, 64, 548, 1472};

/// Most packets that a workload passes in one call.
inline constexpr std::size_t most_in_batch = 512;

/// A memory; the thread `extent::owner` acquires, and any thread of the run gives back.
///   `acquire(size)`         a handle that owns a packet of at least `size` bytes
///   `acquire(size, batch)`  fills a batch of null handles
///   `release(handle)`, `release(batch)`
///                           give packets back, also packets of another memory of the same type
///   `handle.reset()`        drops a handle
///   `data(handle)`          the payload
///   `membership`            constructed on each thread before it uses the memory
///   `keeps_order`           packets have to come back in the order of their acquires
template <class M>
concept handoff_memory =
    std::constructible_from<M, extent> && std::default_initializable<typename M::membership> &&
    std::default_initializable<typename M::handle> && std::movable<typename M::handle> &&
    requires(M memory, std::size_t size, typename M::handle handle,
             std::span<typename M::handle> batch) {
        { memory.acquire(size) } -> std::same_as<typename M::handle>;
        memory.acquire(size, batch);
        memory.release(std::move(handle));
        memory.release(batch);
        handle.reset();
        { M::data(handle) } -> std::same_as<std::byte*>;
        { M::keeps_order } -> std::convertible_to<bool>;
    };

} // namespace bench
