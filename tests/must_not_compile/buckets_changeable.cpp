// The array of buckets is constant.
#include <array>

import pktpool;

struct mine {
    static inline std::array buckets{
        pktpool::bucket{.size = 128},
    };
};

pktpool::basic_packet_pool<mine> pool;
