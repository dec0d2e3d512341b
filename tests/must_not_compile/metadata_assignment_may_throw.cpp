// reset() assigns metadata, and the assignment does not throw.
import pktpool;

struct mine {
    int priority = 0;
    mine& operator=(mine const& other)
    {
        priority = other.priority;
        return *this;
    }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
