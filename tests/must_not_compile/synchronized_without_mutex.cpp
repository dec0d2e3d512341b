// synchronized needs a mutex: a type with lock() and unlock().
import pktpool;

struct mine {
    void lock() {}
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::synchronized<mine>> pool;
