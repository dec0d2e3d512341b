// A handle is moved into release(), as a unique_ptr; it is null afterwards.
import pktpool;

void done(pktpool::packet_pool& pool, pktpool::packet_ptr& p)
{
    pool.release(p);
}
