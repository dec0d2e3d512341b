// Without a ceiling the slots follow the outstanding packets, which are unknown with free_on_drop.
#include <cstdint>

import pktpool;

struct mine {
    static constexpr std::uint32_t ceiling(std::uint32_t) noexcept { return pktpool::no_ceiling; }
    static std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        return counts.idle;
    }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
