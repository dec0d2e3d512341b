// The handle frees a packet: it is not from `new`.
#include <memory>

import pktpool;

void end(pktpool::packet_pool& pool)
{
    auto p = pool.acquire(100);
    delete p.release();
}
