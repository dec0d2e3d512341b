// Packet sources with state can be compared: equal ones may free each other's packets.
#include <cstddef>
#include <cstdlib>

import pktpool;

struct mine {
    int arena = 0;
    static void* allocate(std::size_t bytes) { return std::malloc(bytes); }
    static void deallocate(void* memory, std::size_t) noexcept { std::free(memory); }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
