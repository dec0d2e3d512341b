// A move of a pool moves its retention policy, and never throws.
#include <cstdint>

import pktpool;

struct mine {
    mine() noexcept {}
    mine(mine const&) {}
    mine& operator=(mine const&) noexcept { return *this; }
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
    static std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        return counts.idle;
    }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
