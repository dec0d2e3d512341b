// Compiled, timed and never run: the compile time of a user of pktpool.
import pktpool;

void round_trip(pktpool::packet_pool& pool);

void round_trip(pktpool::packet_pool& pool)
{
    pool.release(pool.acquire(1472));
}
