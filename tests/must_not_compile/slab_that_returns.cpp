// Dropped packets cannot return to a slab without a pool.
import pktpool;

pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, pktpool::return_on_drop>
    slab(548);
