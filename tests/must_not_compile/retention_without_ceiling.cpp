// A retention policy has ceiling(): the most idle packets of a slab.
#include <cstdint>

import pktpool;

struct mine {
    static std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        return counts.idle;
    }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
