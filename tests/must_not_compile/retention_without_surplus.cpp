// A retention policy has surplus(): the number of packets that a decay frees.
#include <cstdint>

import pktpool;

struct mine {
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
