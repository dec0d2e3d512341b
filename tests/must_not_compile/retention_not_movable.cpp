// The state of a retention policy moves with the packets of its pool.
#include <cstdint>

import pktpool;

struct mine {
    std::uint32_t decays = 0;

    mine() = default;
    mine(mine const&) = delete;
    mine& operator=(mine const&) = delete;
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
    std::uint32_t surplus(pktpool::slab_counts const&) noexcept { return ++decays; }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
