// A threading policy has enter().
import pktpool;

struct mine {
    void detach() noexcept {}
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, mine> pool;
