// A fixed script of acquires and releases; the command line has the number of pairs.
#include <array>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <utility>

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using plain = pktpool::packet_pool;
using unchecked_plain = pktpool::basic_packet_pool<libtorrent_buckets, pktpool::unchecked>;
using returning = pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_threaded,
                                             pktpool::return_on_drop>;
using adaptive = pktpool::adaptive_packet_pool;
using owned_returning =
    pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_owner, pktpool::return_on_drop>;
using owned_adaptive = pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_owner,
                                                  pktpool::demand_tracked, pktpool::return_on_drop>;

} // namespace

int main(int argc, char** argv)
{
    auto const pairs = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0;
    constexpr std::array<std::size_t, 4> sizes{1472, 20, 1472, 548};
    POOL pool;
    std::array<POOL::packet_ptr, 4> window;
    for (std::size_t i = 0; i < 4; ++i) { // warm-up: every later acquire is a hit
        window[i] = pool.acquire(sizes[i]);
    }
    for (std::size_t i = 0; i < pairs; ++i) {
        auto& oldest = window[i % window.size()];
        pool.release(std::move(oldest));
        oldest = pool.acquire(sizes[(i * 7) % sizes.size()]);
        oldest->size = 20;
    }
    return pool.idle().count > 100 ? 1 : 0;
}
