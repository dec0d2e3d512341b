// A pool owns its packets: it moves, but there is no copy of it.
import pktpool;

pktpool::packet_pool pool;

pktpool::packet_pool copy = pool;
