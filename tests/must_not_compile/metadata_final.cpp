// The packet derives from its metadata.
import pktpool;

struct mine final {
    int priority = 0;
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
