// A pool has at least one bucket.
#include <array>

import pktpool;

struct mine {
    static constexpr std::array<pktpool::bucket, 0> buckets{};
};

pktpool::basic_packet_pool<mine> pool;
