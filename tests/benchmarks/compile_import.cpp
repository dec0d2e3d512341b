// Compiled, timed and never run: what a user of pktpool waits for.
import pktpool;

void round_trip(pktpool::packet_pool& pool);

void round_trip(pktpool::packet_pool& pool)
{
    pool.release(pool.acquire(1472));
}
