// A bucket policy for a protocol that has no preset: data, checked by the compiler.
#include <array>
#include <cstddef>
#include <cstdio>
#include <utility>

import pktpool;

// A market-data feed: messages of Nasdaq TotalView-ITCH 5.0 in packets of MoldUDP64 1.00. A
// receiver keeps the packets behind a gap until the missing ones arrive.
inline constexpr std::size_t mold_header = 10 + 8 + 2; // session, sequence number, message count
inline constexpr std::size_t mold_length = 2;          // in front of each message
inline constexpr std::size_t largest_message = 50;     // ITCH: an order imbalance indicator

struct market_data_buckets {
    static constexpr std::array buckets{
        pktpool::bucket{.size = mold_header, .limit = 16}, // heartbeats, retransmission requests
        pktpool::bucket{.size = mold_header + mold_length + largest_message, .limit = 64},
        pktpool::bucket{.size = pktpool::udp_payload(1500, pktpool::ip::v4), .limit = 256},
    };
};

// A mistake, for example a size out of order, does not compile, and the compiler names the rule:
// "because 'market_data_buckets' does not satisfy 'buckets_strictly_ascending'".
static_assert(pktpool::bucket_policy<market_data_buckets>);

// The bucket of a constant size is looked up at compile time: an order of 36 bytes, alone in a
// packet.
static_assert(pktpool::bucket_index<market_data_buckets>(mold_header + mold_length + 36) == 1);

int main()
{
    // If every thread has its own pool, the thread check is not needed.
    pktpool::basic_packet_pool<market_data_buckets, pktpool::unchecked> pool;

    auto heartbeat = pool.acquire(mold_header);
    auto order = pool.acquire(mold_header + mold_length + 36);
    auto burst = pool.acquire(1400);
    std::printf("heartbeat: %u bytes, order: %u bytes, burst: %u bytes\n", heartbeat->allocated,
                order->allocated, burst->allocated);

    pool.release(std::move(heartbeat));
    pool.release(std::move(order));
    pool.release(std::move(burst));
    for (std::size_t i = 0; i < pktpool::bucket_count<market_data_buckets>; ++i) {
        std::printf("bucket %zu: %zu idle, %zu bytes\n", i, pool.idle(i).count, pool.idle(i).bytes);
    }
}
