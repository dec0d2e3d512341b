// Demand is the number of outstanding packets. With free_on_drop the pool does not know it.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                           pktpool::demand_tracked, pktpool::free_on_drop>
    pool;
