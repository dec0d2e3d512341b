// The buckets are a compile-time constant: `const` is not enough.
#include <array>

import pktpool;

struct mine {
    static inline std::array const buckets{
        pktpool::bucket{.size = 128},
    };
};

pktpool::basic_packet_pool<mine> pool;
