// A class with enter() is meant to be a threading policy, also where it holds data and takes other
// arguments.
import pktpool;

struct mine {
    int entered = 0;

    int enter(char const*) noexcept { return ++entered; }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
