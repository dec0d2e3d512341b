// An additional bucket has a size that no other bucket has.
#include <memory>

import pktpool;

pktpool::basic_packet_pool<
    pktpool::extended<pktpool::libtorrent_buckets, pktpool::bucket{.size = 548}>>
    pool;
