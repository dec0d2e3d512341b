// Only a pool with `counted` has statistics.
import pktpool;

auto hits(pktpool::packet_pool const& pool)
{
    return pool.statistics().total.hits;
}
