// Acquires and releases of batches of 64, or one by one; the command line has the number of pairs.
#include <array>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <utility>

import pktpool;

namespace {

/// Keeps a batch.
struct buckets_for_batches {
    static constexpr std::array buckets{pktpool::bucket{.size = 20, .limit = 64},
                                        pktpool::bucket{.size = 1472, .limit = 64}};
};

using plain = pktpool::basic_packet_pool<buckets_for_batches>;
using adaptive = pktpool::adaptive_packet_pool;
using owned_adaptive =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_owner,
                               pktpool::demand_tracked, pktpool::return_on_drop>;

} // namespace

int main(int argc, char** argv)
{
    auto const pairs = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0;
    POOL pool;
    std::array<POOL::packet_ptr, 64> batch;
    pool.acquire(1472, batch); // warm-up: every later acquire is a hit
    pool.release(batch);
    for (std::size_t i = 0; i < pairs / batch.size(); ++i) {
#if defined(ONE_BY_ONE)
        for (auto& p : batch) {
            p = pool.acquire(1472);
        }
        for (auto& p : batch) {
            pool.release(std::move(p));
        }
#else
        pool.acquire(1472, batch);
        pool.release(batch);
#endif
    }
    return pool.idle().count > 100 ? 1 : 0;
}
