// The packet has a member `size`, which would hide this one.
import pktpool;

struct mine {
    int number = 0;
    int size = 0;
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
