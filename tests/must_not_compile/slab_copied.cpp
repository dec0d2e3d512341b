// A slab owns its packets: it moves, but there is no copy of it.
import pktpool;

pktpool::packet_slab slab(1472);

pktpool::packet_slab copy = slab;
