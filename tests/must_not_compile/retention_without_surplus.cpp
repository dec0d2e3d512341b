// A retention policy says how many packets a decay gives back.
#include <cstdint>

import pktpool;

struct mine {
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
