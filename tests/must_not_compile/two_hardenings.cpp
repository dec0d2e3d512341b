// At most one hardening policy.
import pktpool;

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, pktpool::hardened,
                           pktpool::hardened>
    pool;
