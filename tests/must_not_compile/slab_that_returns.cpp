// A slab alone has no home for dropped packets.
import pktpool;

pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, pktpool::return_on_drop>
    slab(548);
