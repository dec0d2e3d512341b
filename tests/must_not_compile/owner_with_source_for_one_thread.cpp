// The threads that release call the source.
#include <cstddef>

import pktpool;

struct mine : pktpool::heap_source {
    static constexpr bool one_thread_only = true;
};

using pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_owner, mine>;
static_assert(sizeof(pool) != 0);
