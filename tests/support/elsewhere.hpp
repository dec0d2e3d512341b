// Packets that a pool's owner acquires and another thread gives back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

template <class Pool>
using packets_of = std::vector<typename Pool::packet_ptr>;

template <class Pool>
packets_of<Pool> acquire(Pool& pool, std::size_t packets, std::size_t size = 1000)
{
    packets_of<Pool> acquired(packets);
    pool.acquire(size, acquired);
    return acquired;
}

/// Runs the use on another thread.
template <class Use>
void elsewhere(Use use)
{
    std::thread(std::move(use)).join();
}

/// The packets that other threads gave back and the owner has not taken.
template <class Pool>
std::uint64_t waiting(Pool const& pool)
{
    auto const total = pool.statistics().total;
    return total.remote - total.drained;
}
