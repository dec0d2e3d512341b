// A policy satisfies one of the concepts, or is one of the options; an empty class is neither.
import pktpool;

struct mine {};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
