// A pool has at most 255 buckets: a packet stores its bucket in one byte.
#include <array>
#include <cstddef>

import pktpool;

struct mine {
    static constexpr std::array buckets = [] {
        std::array<pktpool::bucket, 256> sizes{};
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            sizes[i].size = i + 1;
        }
        return sizes;
    }();
};

pktpool::basic_packet_pool<mine> pool;
