// A pool is hardened in one way.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, pktpool::hardened,
                           pktpool::hardened>
    pool;
