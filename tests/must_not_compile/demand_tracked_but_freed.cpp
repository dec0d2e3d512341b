// Demand is what is outstanding, and a dropped handle that is freed tells nobody.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                           pktpool::demand_tracked, pktpool::free_on_drop>
    pool;
