// At most one retention policy.
import pktpool;

struct mine : pktpool::fixed_limit {};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                           pktpool::fixed_limit, mine>
    pool;
