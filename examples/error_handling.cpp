// Errors: what is thrown, and that the pool is unchanged afterwards.
#include <cstddef>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <utility>

import pktpool;

// A memory source with little memory, to show how a program runs out of it.
struct small_source {
    std::size_t* left; // in bytes; copies of a source share their memory

    void* allocate(std::size_t bytes)
    {
        if (bytes > *left) {
            throw std::bad_alloc();
        }
        *left -= bytes;
        return pktpool::heap_source::allocate(bytes);
    }
    void deallocate(void* memory, std::size_t bytes) noexcept
    {
        *left += bytes;
        pktpool::heap_source::deallocate(memory, bytes);
    }
    bool operator==(small_source const&) const = default;
};

int main()
{
    pktpool::packet_pool pool;

    // A size above the largest datagram: std::length_error, with the size and the bound.
    try {
        auto p = pool.acquire(70'000);
    } catch (std::length_error const& e) {
        std::printf("%s\n", e.what());
    }

    // A packet in a slab of another size: std::invalid_argument, and the handle still owns the
    // packet.
    pktpool::packet_slab slab(548);
    auto p = pool.acquire(1400);
    try {
        slab.try_push_back(p);
    } catch (std::invalid_argument const& e) {
        std::printf("%s\n", e.what());
    }
    pool.release(std::move(p));

    // No memory: std::bad_alloc. Drop the datagram, call decay(), and continue.
    std::size_t left = 2000;
    using small_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets,
                                                  pktpool::single_threaded, small_source>;
    small_pool small{small_source{&left}};
    auto first = small.acquire(1472);
    try {
        auto second = small.acquire(1472);
    } catch (std::bad_alloc const&) {
        std::printf("no memory for a second packet; the first still has %u bytes\n",
                    first->allocated);
    }
    small.release(std::move(first));
    auto again = small.acquire(1472); // the released packet: it needs no memory
    std::printf("idle %zu, free %zu bytes\n", small.idle().count, left);
}
