// Headroom has at most 65535 bytes.
#include <array>
#include <memory>

import pktpool;

struct endless {
    static constexpr std::array buckets{pktpool::bucket{.size = 20}};
    static constexpr std::size_t headroom = 65536;
};

pktpool::basic_packet_pool<endless> pool;
