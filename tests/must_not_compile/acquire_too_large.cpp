// A packet holds at most 65535 bytes.
import pktpool;

pktpool::packet_pool pool;

auto p = pool.acquire<65536>();
