// A retention policy with data that lacks ceiling() is not taken for metadata.
#include <cstdint>

import pktpool;

struct mine {
    std::uint32_t reserve = 0;
    std::uint32_t surplus(pktpool::slab_counts const& counts) const noexcept
    {
        return counts.idle - reserve;
    }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
