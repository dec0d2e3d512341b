// The second argument is the threading policy, also if it is the default one.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::demand_tracked,
                           pktpool::return_on_drop>
    pool;
