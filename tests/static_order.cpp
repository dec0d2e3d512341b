// Pools and handles with static storage, destroyed in every order, and a pool of a thread that has
// ended. A sanitizer or Memcheck reports leaks and uses of destroyed objects.
#include <cstdio>
#include <memory>
#include <thread>

import pktpool;

namespace {

template <class... Policies>
using pool_with =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, Policies...>;

/// One handle is destroyed after the pool, the other one before it.
template <class Pool>
struct statics {
    typename Pool::packet_ptr early;
    Pool pool;
    typename Pool::packet_ptr late;

    void fill()
    {
        early = pool.acquire(100);
        late = pool.acquire(3000);
        pool.release(pool.acquire(1472));
    }
};

statics<pool_with<>> freeing;
statics<pool_with<pktpool::return_on_drop, pktpool::demand_tracked>> returning;
statics<pool_with<pktpool::hardened, pktpool::counted, pktpool::clear_on_release>> watched;

using adaptive_pool = pool_with<pktpool::return_on_drop, pktpool::demand_tracked>;
adaptive_pool::packet_ptr from_a_thread;

} // namespace

int main()
{
    freeing.fill();
    returning.fill();
    watched.fill();
    std::thread([] {
        thread_local adaptive_pool pool;
        from_a_thread = pool.acquire(548);
    }).join();
    std::puts("the end of main");
}
