// A slab alone has no list for the packets of other threads.
import pktpool;

pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::single_owner> slab(548);
