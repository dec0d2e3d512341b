// A packet holds at most 65535 bytes.
#include <array>

import pktpool;

struct mine {
    static constexpr std::array buckets{
        pktpool::bucket{.size = 1252},
        pktpool::bucket{.size = 65536},
    };
};

pktpool::basic_packet_pool<mine> pool;
