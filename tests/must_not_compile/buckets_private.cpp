// A pool has to see the buckets of its policy.
#include <array>

import pktpool;

class mine {
    static constexpr std::array buckets{
        pktpool::bucket{.size = 128},
    };
};

pktpool::basic_packet_pool<mine> pool;
