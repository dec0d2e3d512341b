// At most one option for drops.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                           pktpool::free_on_drop, pktpool::return_on_drop>
    pool;
