// An assignment of a handle assigns its source.
#include <cstddef>

import pktpool;

struct mine {
    int& counter;

    static void* allocate(std::size_t bytes) { return pktpool::heap_source::allocate(bytes); }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        pktpool::heap_source::deallocate(memory, bytes);
    }
    bool operator==(mine const& other) const { return &counter == &other.counter; }
};

using pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::unchecked, mine>;
static_assert(sizeof(pool) != 0);
