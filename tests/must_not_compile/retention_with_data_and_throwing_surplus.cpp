// A class with surplus() is meant to be a retention policy, also where it holds data.
#include <cstdint>

import pktpool;

struct mine {
    std::uint32_t freed = 0;

    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
    std::uint32_t surplus(pktpool::slab_counts const& counts) { return freed += counts.idle; }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
