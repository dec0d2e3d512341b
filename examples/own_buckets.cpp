// A bucket policy for another protocol: data, checked by the compiler.
#include <array>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <utility>

import pktpool;

// WireGuard: handshakes and keepalives are small, data fills the MTU.
struct wireguard_buckets {
    static constexpr std::array buckets{
        pktpool::bucket{.size = 64, .limit = 16},    // cookie reply, keepalive
        pktpool::bucket{.size = 148, .limit = 16},   // handshake initiation, response
        pktpool::bucket{.size = 1472, .limit = 256}, // data on an Ethernet path over IPv4
    };
};

// A mistake, such as a size out of order, does not compile, and the compiler names the rule:
// "because 'buckets_strictly_ascending' evaluated to false".
static_assert(pktpool::bucket_policy<wireguard_buckets>);

// Sizes are looked up at compile time, too.
static_assert(pktpool::bucket_index<wireguard_buckets>(92) == 1);

int main()
{
    // Every thread has its own pool here by construction: the check can go.
    pktpool::basic_packet_pool<wireguard_buckets, pktpool::unchecked> pool;

    auto handshake = pool.acquire(92);
    auto data = pool.acquire(1420);
    std::printf("handshake: %u bytes, data: %u bytes\n", handshake->allocated, data->allocated);

    pool.release(std::move(handshake));
    pool.release(std::move(data));
    for (std::size_t i = 0; i < pktpool::bucket_count<wireguard_buckets>; ++i) {
        std::printf("bucket %zu: %zu idle, %zu bytes\n", i, pool.idle(i).count, pool.idle(i).bytes);
    }
}
