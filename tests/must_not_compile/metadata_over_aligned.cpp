// The alignment of metadata is at most 16 bytes, as that of packets.
import pktpool;

struct alignas(32) mine {
    int priority = 0;
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
