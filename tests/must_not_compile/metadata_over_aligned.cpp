// Metadata is aligned to 16 bytes at the most, as packets are.
import pktpool;

struct alignas(32) mine {
    int priority = 0;
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
