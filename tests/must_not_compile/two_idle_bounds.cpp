// At most one bound on idle bytes.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                           pktpool::max_idle_bytes<1000>, pktpool::max_idle_bytes<2000>>
    pool;
