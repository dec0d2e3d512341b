// Only a pool, a slab or create_packet() makes a packet, with its buffer behind it.
import pktpool;

pktpool::packet p(1472, 0, {});
