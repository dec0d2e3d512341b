// Metadata of your own: its members become members of the packet, reset on every acquire.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

import pktpool;

// What an RTP receiver keeps for each packet in its jitter buffer.
struct rtp_metadata {
    std::chrono::steady_clock::time_point arrival{};
    std::uint32_t timestamp = 0;
    std::uint16_t sequence = 0;
};

using rtp_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, rtp_metadata>;

int main()
{
    rtp_pool pool;

    rtp_pool::packet_ptr p = pool.acquire(1200);
    p->sequence = 4711;
    p->arrival = std::chrono::steady_clock::now();
    std::printf("packet %u, header of %zu bytes before the buffer\n", p->sequence, sizeof(*p));
    pool.release(std::move(p));

    p = pool.acquire(1200); // the same memory, the metadata as new
    std::printf("packet %u\n", p->sequence);
}
