// The buckets of a policy are accessible.
#include <array>

import pktpool;

class mine {
    static constexpr std::array buckets{
        pktpool::bucket{.size = 128},
    };
};

pktpool::basic_packet_pool<mine> pool;
