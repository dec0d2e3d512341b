// A slab without a pool has no list of outstanding packets.
import pktpool;

pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, pktpool::hardened>
    slab(548);
