// deallocate() does not throw.
#include <cstddef>
#include <cstdlib>

import pktpool;

struct mine {
    static void* allocate(std::size_t bytes) { return std::malloc(bytes); }
    static void deallocate(void* memory, std::size_t) { std::free(memory); }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
