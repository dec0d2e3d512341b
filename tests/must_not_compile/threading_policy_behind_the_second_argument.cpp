// The threading policy is the second argument.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::unchecked,
                           pktpool::single_threaded>
    pool;
