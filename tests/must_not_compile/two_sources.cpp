// At most one packet source.
import pktpool;

struct mine : pktpool::heap_source {};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                           pktpool::heap_source, mine>
    pool;
