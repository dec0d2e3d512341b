// A threading policy says what happens at the start of an operation.
import pktpool;

struct mine {
    void detach() noexcept {}
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, mine> pool;
