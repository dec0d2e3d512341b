// `call_sites_one_in` is at least 1.
#include <cstdint>

import pktpool;

struct mine : pktpool::hardened {
    static constexpr std::uint32_t call_sites_one_in = 0;
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
