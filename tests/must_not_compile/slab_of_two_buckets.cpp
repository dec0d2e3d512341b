// A slab has one bucket.
#include <array>

import pktpool;

struct mine {
    static constexpr std::array buckets{
        pktpool::bucket{.size = 128},
        pktpool::bucket{.size = 1252},
    };
};

pktpool::basic_packet_slab<mine> slab;
