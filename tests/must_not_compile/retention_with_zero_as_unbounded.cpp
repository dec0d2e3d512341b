// A retention policy bounds the idle packets for every limit, or for none.
#include <cstdint>

import pktpool;

struct mine {
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept
    {
        return limit == 0 ? pktpool::no_ceiling : limit;
    }
    static constexpr std::uint32_t surplus(pktpool::slab_counts const&) noexcept { return 0; }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine,
                           pktpool::return_on_drop>
    pool;
