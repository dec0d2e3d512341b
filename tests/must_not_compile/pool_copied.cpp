// A pool owns its packets: it can be moved, not copied.
import pktpool;

pktpool::packet_pool pool;

pktpool::packet_pool copy = pool;
