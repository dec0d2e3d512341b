// What a pool with an owner tells its retention policy: packets that other threads gave back are
// idle, and an acquire that failed was none.
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include "elsewhere.hpp"
#include "reentry.hpp"

import pktpool;

namespace {

/// Records the most outstanding packets of each bucket in a window, and keeps all idle ones.
struct peaks {
    static constexpr bool tracks_demand = true;
    static inline std::vector<std::uint32_t> seen;

    static constexpr std::uint32_t ceiling(std::uint32_t) noexcept { return pktpool::no_ceiling; }
    static std::uint32_t
    surplus(pktpool::slab_counts const& now) noexcept // NOLINT(bugprone-exception-escape):
                                                      // no failing heap in this test
    {
        seen.push_back(now.most_outstanding);
        return 0;
    }
};

template <class... Policies>
using owned = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_owner,
                                         calling_metadata, calling_source, pktpool::return_on_drop,
                                         pktpool::counted, peaks, Policies...>;

/// Of the bucket of 1472, in the window that ends now.
template <class Pool>
std::uint32_t most_outstanding(Pool& pool)
{
    peaks::seen.clear();
    pool.decay();
    return peaks::seen.at(2);
}

} // namespace

TEST_CASE("owner demand: packets that other threads freed were outstanding before")
{
    owned<pktpool::max_idle_bytes<10000>> pool;
    auto packets = acquire(pool, 40);
    elsewhere([&] { packets.clear(); });
    CHECK(calling_source::live < 40);
    CHECK(most_outstanding(pool) == 40);
    CHECK(most_outstanding(pool) == 0);
}

TEST_CASE("owner demand: a batch that fails behind packets from the list was not outstanding")
{
    for (std::size_t const packets : {11U, 12U, 13U}) {
        CAPTURE(packets);
        owned<> pool;
        auto outstanding = acquire(pool, 8);
        auto idle = acquire(pool, 10);
        pool.release(idle);
        CHECK(most_outstanding(pool) == 18);
        pool.acquire(1000, std::span(idle).first(5)); // 13 are outstanding
        pool.release(idle);
        elsewhere([&] { outstanding.resize(5); });
        idle.resize(packets);
        calling_metadata::failure.start(packets - 1);
        CHECK_THROWS_AS(pool.acquire(1000, idle), std::bad_alloc);
        CHECK(pool.idle().count == 13);
        CHECK(most_outstanding(pool) == 13);
    }
}
