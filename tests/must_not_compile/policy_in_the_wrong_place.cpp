// The threading policy comes second, and nowhere else: there it would be taken for metadata.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::unchecked,
                           pktpool::single_threaded>
    pool;
