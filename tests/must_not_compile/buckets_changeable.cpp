// The buckets of a pool are constants.
#include <array>

import pktpool;

struct mine {
    static inline std::array buckets{
        pktpool::bucket{.size = 128},
    };
};

pktpool::basic_packet_pool<mine> pool;
