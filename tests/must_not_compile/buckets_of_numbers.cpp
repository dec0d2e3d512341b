// A bucket is a pktpool::bucket, not only its size.
#include <array>
#include <cstddef>

import pktpool;

struct mine {
    static constexpr std::array<std::size_t, 2> buckets{128, 1252};
};

pktpool::basic_packet_pool<mine> pool;
