// Limits of the same size add up, and the sum is a limit, too: at most 65535.
#include <array>
#include <memory>

import pktpool;

struct large_limits {
    static constexpr std::array buckets{pktpool::bucket{.size = 20, .limit = 40000}};
};

pktpool::basic_packet_pool<pktpool::merged<large_limits, large_limits>> pool;
