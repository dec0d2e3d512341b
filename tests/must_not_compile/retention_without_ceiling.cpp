// A retention policy says how many idle packets a slab holds at the most.
#include <cstdint>

import pktpool;

struct mine {
    static std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        return counts.idle;
    }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
