// A size is an integer.
import pktpool;

pktpool::packet_pool pool;

auto p = pool.acquire(548.0);
