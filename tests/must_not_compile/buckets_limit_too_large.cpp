// A bucket keeps at most 65535 packets.
#include <array>

import pktpool;

struct mine {
    static constexpr std::array buckets{
        pktpool::bucket{.size = 1252, .limit = 65536},
    };
};

pktpool::basic_packet_pool<mine> pool;
