// Demand is known only with return_on_drop, also to a policy with a ceiling.
#include <cstdint>

import pktpool;

struct mine {
    static constexpr bool tracks_demand = true;
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
    static std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        return counts.fewest_idle;
    }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
