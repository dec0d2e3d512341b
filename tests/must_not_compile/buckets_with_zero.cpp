// A bucket holds at least one byte.
#include <array>

import pktpool;

struct mine {
    static constexpr std::array buckets{
        pktpool::bucket{.size = 0},
        pktpool::bucket{.size = 1252},
    };
};

pktpool::basic_packet_pool<mine> pool;
