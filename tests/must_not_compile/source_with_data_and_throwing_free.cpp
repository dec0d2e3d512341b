// A class with allocate() and deallocate() is meant to be a source, also where it holds data.
#include <cstddef>
#include <cstdlib>

import pktpool;

struct mine {
    std::size_t blocks = 0;

    void* allocate(std::size_t bytes) { return ++blocks, std::malloc(bytes); }
    void deallocate(void* memory, std::size_t) { --blocks, std::free(memory); }
    bool operator==(mine const&) const = default;
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
