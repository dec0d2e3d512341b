// A slab owns its packets: it can be moved, not copied.
import pktpool;

pktpool::packet_slab slab(1472);

pktpool::packet_slab copy = slab;
