// A pool clears its packets or it does not.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                           pktpool::clear_on_release, pktpool::clear_on_release>
    pool;
