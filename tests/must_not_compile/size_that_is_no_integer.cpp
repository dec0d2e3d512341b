// A size is an integer: a fraction of a byte is a mistake.
import pktpool;

pktpool::packet_pool pool;

auto p = pool.acquire(548.0);
