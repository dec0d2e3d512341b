// A policy is a retention policy, a packet source, or metadata; an empty class is none of them.
import pktpool;

struct mine {};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, mine> pool;
