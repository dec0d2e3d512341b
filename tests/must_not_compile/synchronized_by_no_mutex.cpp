// What cannot be locked keeps nobody out.
import pktpool;

struct mine {
    void lock() {}
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::synchronized<mine>> pool;
