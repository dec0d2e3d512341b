// At most one option for counting.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, pktpool::counted,
                           pktpool::counted>
    pool;
