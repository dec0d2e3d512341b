// At most one option for clearing.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                           pktpool::clear_on_release, pktpool::clear_on_release>
    pool;
