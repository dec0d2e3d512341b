// Tailroom is not negative.
#include <array>
#include <memory>

import pktpool;

struct negative {
    static constexpr std::array buckets{pktpool::bucket{.size = 20}};
    static constexpr int tailroom = -1;
};

pktpool::basic_packet_pool<negative> pool;
