// The array of a bucket policy is called `buckets`.
#include <array>

import pktpool;

struct mine {
    static constexpr std::array sizes{
        pktpool::bucket{.size = 128},
    };
};

pktpool::basic_packet_pool<mine> pool;
