// Compiled, timed and never run: the same with libtorrent's header.
#include <libtorrent/aux_/packet_pool.hpp>

void round_trip(libtorrent::aux::packet_pool& pool);

void round_trip(libtorrent::aux::packet_pool& pool)
{
    pool.release(pool.acquire(1472));
}
