// Handles of pools with other policies are other types: one pool's packet cannot go to the other.
#include <memory>
#include <utility>

import pktpool;

void done(pktpool::packet_pool& pool, pktpool::adaptive_packet_pool::packet_ptr p)
{
    pool.release(std::move(p));
}
