// At most one type of metadata.
import pktpool;

struct mine {
    int priority = 0;
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                           pktpool::utp_metadata, mine>
    pool;
