// Drops do not reach a slab without a pool, so it cannot count them.
import pktpool;

pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, pktpool::counted> slab(548);
