#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

import pktpool;

namespace
{

/// Keeps half of the limit; a decay gives all of it back.
struct half_of_limit {
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit / 2; }
    static constexpr std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        return counts.idle;
    }
};

template <class Pool>
void release_many(Pool& pool, std::size_t count)
{
    std::vector<typename Pool::packet_ptr> out(count);
    std::ranges::generate(out, [&] { return pool.acquire(1); });
    for (auto& p : out) {
        pool.release(std::move(p));
    }
}

} // namespace

TEST_CASE("retention: fixed_limit keeps up to the limit and gives one back at each decay")
{
    pktpool::packet_pool pool;
    release_many(pool, 25);
    CHECK(pool.idle(0).count == 10);
    for (std::size_t left = 10; left-- > 0;) {
        pool.decay();
        CHECK(pool.idle(0).count == left);
    }
    pool.decay();
    CHECK(pool.idle(0).count == 0);
}

TEST_CASE("retention: a policy of the user's own")
{
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, half_of_limit>
        pool;
    release_many(pool, 25);
    CHECK(pool.idle(0).count == 5);
    pool.decay();
    CHECK(pool.idle(0).count == 0);
}
