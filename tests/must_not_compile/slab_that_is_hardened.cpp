// A slab alone has no list of what is out.
import pktpool;

pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, pktpool::hardened>
    slab(548);
