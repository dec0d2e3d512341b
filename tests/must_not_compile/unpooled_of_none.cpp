// The argument of `unpooled` is a valid bucket policy.
#include <array>
#include <memory>

import pktpool;

struct unsorted {
    static constexpr std::array buckets{pktpool::bucket{.size = 20}, pktpool::bucket{.size = 10}};
};

pktpool::basic_packet_pool<pktpool::unpooled<unsorted>> pool;
