// A contender: a packet memory with the interface that the workloads use.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace bench {

/// Payload capacities in bytes: libtorrent's, for every contender that keeps packets by size.
inline constexpr std::array<std::size_t, 3> capacities{20, 548, 1472};

/// Index of the smallest capacity >= `size`, without a branch. No workload acquires more than the
/// largest capacity.
constexpr std::size_t bucket_index(std::size_t size)
{
    return std::size_t{size > capacities[0]} + std::size_t{size > capacities[1]};
}

/// A packet memory; the argument of its constructor is the most packets that the workload holds.
///   `acquire(size)`        returns a handle that owns a packet of at least `size` bytes
///   `release(handle)`      gives a packet back
///   `handle.reset()`       drops a handle
///   `data(handle)`         the payload
///   `decay()`              periodic maintenance, if there is one
template <class C>
concept contender =
    std::constructible_from<C, std::size_t> && std::default_initializable<typename C::handle> &&
    std::movable<typename C::handle> &&
    requires(C memory, typename C::handle handle, std::size_t size) {
        { memory.acquire(size) } -> std::same_as<typename C::handle>;
        memory.release(std::move(handle));
        handle.reset();
        { C::data(handle) } -> std::same_as<std::byte*>;
        memory.decay();
    };

/// A pool of memory blocks of one size, like most peers.
template <class F>
concept fixed_size_pool = requires(F pool, void* block) {
    { pool.allocate() } -> std::same_as<void*>;
    pool.deallocate(block);
};

/// The wrapper that a peer of fixed size needs: a pool per bucket, and a header with the pool of
/// the packet, so that a handle takes 8 bytes as in the floor.
template <fixed_size_pool Pool>
class pool_per_bucket {
    struct alignas(16) packet {
        Pool* pool;
    };
    struct return_packet {
        void operator()(packet* p) const { p->pool->deallocate(p); }
    };

public:
    using handle = std::unique_ptr<packet, return_packet>;

    explicit pool_per_bucket(std::size_t most)
        : pools_{Pool(sizeof(packet) + capacities[0], most),
                 Pool(sizeof(packet) + capacities[1], most),
                 Pool(sizeof(packet) + capacities[2], most)}
    {
    }

    handle acquire(std::size_t size)
    {
        Pool& pool = pools_[bucket_index(size)];
        // The header is written each time: an idle block belongs to the peer, which may store links
        // in it.
        return handle(::new (pool.allocate()) packet{&pool});
    }
    static void release(handle p) { p.reset(); }
    static std::byte* data(handle const& p) { return reinterpret_cast<std::byte*>(p.get() + 1); }
    static void decay() {}

private:
    std::array<Pool, capacities.size()> pools_;
};

} // namespace bench
