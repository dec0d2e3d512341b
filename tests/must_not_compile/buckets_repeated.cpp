// Two buckets never have the same size.
#include <array>

import pktpool;

struct mine {
    static constexpr std::array buckets{
        pktpool::bucket{.size = 128},
        pktpool::bucket{.size = 1252},
        pktpool::bucket{.size = 1252},
    };
};

pktpool::basic_packet_pool<mine> pool;
