// Only a pool with `hardened` lists its outstanding packets.
import pktpool;

auto lost(pktpool::packet_pool const& pool)
{
    return pool.outstanding().size();
}
