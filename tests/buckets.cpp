#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include <doctest/doctest.h>

import pktpool;

namespace {

struct one {
    static constexpr std::array buckets{pktpool::bucket{.size = 65535, .limit = 1}};
};

struct six {
    static constexpr std::array buckets{
        pktpool::bucket{.size = 1},    pktpool::bucket{.size = 2},    pktpool::bucket{.size = 128},
        pktpool::bucket{.size = 1232}, pktpool::bucket{.size = 1400}, pktpool::bucket{.size = 4096},
    };
};

struct most {
    static constexpr std::array buckets = [] {
        std::array<pktpool::bucket, 255> sizes{};
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            sizes[i].size = i + 1;
        }
        return sizes;
    }();
};

using pktpool::libtorrent_buckets;
using largest_headroom = pktpool::with_headroom_tailroom<libtorrent_buckets, 65535, 65535>;

static_assert(pktpool::bucket_policy<largest_headroom>);
static_assert(
    !pktpool::bucket_policy<pktpool::with_headroom_tailroom<libtorrent_buckets, 65536, 0>>);
static_assert(
    !pktpool::bucket_policy<pktpool::with_headroom_tailroom<libtorrent_buckets, 0, 65536>>);

static_assert(pktpool::merged<libtorrent_buckets, largest_headroom>::tailroom == 65535);
static_assert(pktpool::unpooled<libtorrent_buckets>::buckets[1].size == 548);
static_assert(pktpool::unpooled<largest_headroom>::headroom == 65535);

static_assert(pktpool::fragmentation_of<libtorrent_buckets>({}).percent() == 0);
static_assert(pktpool::fragmentation_of<libtorrent_buckets>({19, 548}).percent() == 1);
static_assert(pktpool::worst_fragmentation<libtorrent_buckets>(600, 700) == 1472 - 600);

/// The reference: the first bucket, from the smallest, that holds `size`.
template <class Policy>
std::size_t smallest_that_fits(std::size_t size)
{
    auto const& buckets = Policy::buckets;
    auto const fits = [size](pktpool::bucket const& b) { return b.size >= size; };
    return static_cast<std::size_t>(std::ranges::find_if(buckets, fits) - buckets.begin());
}

} // namespace

TEST_CASE_TEMPLATE("buckets: every size goes to the smallest bucket that holds it", Policy,
                   pktpool::libtorrent_buckets, one, six)
{
    pktpool::basic_packet_pool<Policy> pool;
    for (std::size_t size = 0; size <= pktpool::max_packet_size; ++size) {
        auto const index = smallest_that_fits<Policy>(size);
        bool const above = index == pktpool::bucket_count<Policy>;
        auto const capacity = above ? size : Policy::buckets[index].size;
        auto const p = pool.acquire(size);
        bool const right = pktpool::bucket_index<Policy>(size) == index &&
                           p->allocated == capacity &&
                           p->bucket == (above ? pktpool::no_bucket : index);
        REQUIRE_MESSAGE(right, "size " << size << " got bucket " << int{p->bucket}
                                       << " of capacity " << p->allocated);
    }
}

TEST_CASE("buckets: the default policy has libtorrent's buckets")
{
    auto const& buckets = pktpool::libtorrent_buckets::buckets;
    REQUIRE(buckets.size() == 3);
    CHECK(buckets[0].size == 20);
    CHECK(buckets[1].size == 548);
    CHECK(buckets[2].size == 1472);
    CHECK(std::ranges::all_of(buckets, [](pktpool::bucket const& b) { return b.limit == 10; }));
}

TEST_CASE("buckets: sizes above the largest bucket have no bucket")
{
    CHECK(pktpool::bucket_index<six>(65536) == 6);
    CHECK(pktpool::bucket_index<six>(static_cast<std::size_t>(-1)) == 6);
}

TEST_CASE("buckets: the last of 255 buckets is not taken for no_bucket")
{
    pktpool::basic_packet_pool<most> pool;
    auto p = pool.acquire(255);
    CHECK(p->bucket == 254);
    pool.release(std::move(p));
    CHECK(pool.idle(254).count == 1);
    CHECK(pool.acquire(256)->bucket == pktpool::no_bucket);
}
