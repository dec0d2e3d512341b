// shrink_to_bucket() moves metadata, and the move does not throw.
#include <string>

import pktpool;

struct mine {
    std::string name;
    mine() = default;
    mine(mine const& other) : name(other.name) {}
    mine& operator=(mine&& other) = default;
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
