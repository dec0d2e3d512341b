// A packet source has deallocate().
#include <cstddef>
#include <cstdlib>

import pktpool;

struct mine {
    static void* allocate(std::size_t bytes) { return std::malloc(bytes); }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
