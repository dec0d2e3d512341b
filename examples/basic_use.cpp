// The life of a packet: acquire, fill, send, release, and decay on a timer.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <utility>

import pktpool;

int main()
{
    pktpool::packet_pool
        pool; // libtorrent's buckets: 20, 548 and 1472 bytes, up to ten idle packets of each

    // 512 bytes are requested. The packet comes from the smallest bucket that holds them.
    pktpool::packet_ptr p = pool.acquire(512);
    std::printf("asked for 512, got a buffer of %u bytes\n", p->allocated);

    // Fill it: a header of 20 bytes, then payload. `size` is the number of bytes in use.
    p->header_size = 20;
    p->size = 512;
    std::ranges::fill(p->payload(), std::byte{0x2a});

    // Send p->used() on a socket here, and keep the handle for a retransmission.
    p->send_time = std::chrono::steady_clock::now();
    p->num_transmissions = 1;
    std::printf("sent %zu bytes, %zu of them payload\n", p->used().size(), p->payload().size());

    // The packet is acknowledged: release() takes the handle, and the pool keeps the packet.
    pool.release(std::move(p));
    std::printf("idle after release: %zu\n", pool.idle().count);

    // On a timer, for example once a second: frees the oldest idle packet of every bucket.
    pool.decay();
    std::printf("idle after decay: %zu\n", pool.idle().count);
}
