// The interface of the shared library. Its declarations need `import pktpool;` in front of the
// #include.
#pragma once

using checked_pool = pktpool::packet_pool;
using unchecked_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::unchecked>;

/// A pool of the library that was not used yet.
[[gnu::visibility("default")]] checked_pool& pool_of_library();

/// Calls use() in the library.
[[gnu::visibility("default")]] void use_in_library(checked_pool& pool, int times);
[[gnu::visibility("default")]] void use_in_library(unchecked_pool& pool, int times);

/// Acquires and releases a packet, `times` times. Static, so that both sides have their own copy.
template <class Pool>
static void use(Pool& pool, int times)
{
    for (int i = 0; i < times; ++i) {
        pool.release(pool.acquire(512));
    }
}
