#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

using plain_pool =
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, pktpool::counted>;
using returning_pool = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded,
                                                  pktpool::return_on_drop, pktpool::counted>;

template <class Pool>
concept has_statistics = requires(Pool& pool) { pool.statistics(); };
template <class Pool>
concept has_outstanding = requires(Pool& pool) { pool.outstanding(); };

struct throwing_metadata {
    static inline int successes = 1000;
    int tag = 0;
    throwing_metadata()
    {
        if (successes-- == 0) {
            throw 1;
        }
    }
};

} // namespace

TEST_CASE_TEMPLATE("statistics: every acquire, release and drop counts once", Pool, plain_pool,
                   returning_pool)
{
    Pool pool;
    CHECK(pool.statistics().total == pktpool::bucket_statistics{});
    CHECK(pool.statistics().buckets[1] == pktpool::bucket_statistics{.capacity = 548});
    std::array<typename Pool::packet_ptr, 12> held;
    for (auto& p : held) {
        p = pool.acquire(548);
    }
    auto large = pool.acquire(2000);
    large.reset();
    for (std::size_t i = 0; i < 11; ++i) {
        pool.release(std::move(held[i])); // the eleventh is above the limit
    }
    held[11].reset();
    held[0] = pool.template acquire<100>();
    pool.acquire(548, std::span(held).subspan(1, 11)); // nine hits
    pool.release(std::span(held).first(2));
    pool.decay();
    pool.trim();
    pool.reserve(20, 3);

    auto const now = pool.statistics();
    auto const& middle = now.buckets[1];
    CHECK(middle.capacity == 548);
    CHECK(middle.hits == 10);
    CHECK(middle.misses == 14);
    CHECK(middle.kept == 12);
    CHECK(middle.freed == 2);
    CHECK(middle.drops == 1);
    CHECK(middle.decayed == 1);
    CHECK(middle.trimmed == 1);
    CHECK(middle.reserved == 0);
    CHECK(middle.outstanding == 10);
    CHECK(middle.most_outstanding == 12);
    CHECK(middle.idle == 0);
    CHECK(middle.idle_bytes == 0);

    CHECK(now.buckets[0].reserved == 3);
    CHECK(now.buckets[0].idle == 3);
    CHECK(now.buckets[0].idle_bytes == pool.idle(0).bytes);

    CHECK(now.above.misses == 1);
    CHECK(now.above.freed == 1);
    CHECK(now.above.drops == 1);
    CHECK(now.above.outstanding == 0);

    CHECK(now.total.hits == 10);
    CHECK(now.total.misses == 15);
    CHECK(now.total.outstanding == 10);
    CHECK(now.total.most_outstanding == 13); // twelve and the large one
    CHECK(now.total.drops == 2);
    CHECK(now.total.idle_bytes == pool.idle().bytes);
    CHECK(now.total.capacity == 0);
}

TEST_CASE("statistics: a drop counts as freed or kept, as the drop option says")
{
    plain_pool freeing;
    freeing.acquire(20).reset();
    CHECK(freeing.statistics().total.freed == 1);
    CHECK(freeing.statistics().total.kept == 0);
    CHECK(freeing.idle().count == 0);
    returning_pool returning;
    returning.acquire(20).reset();
    CHECK(returning.statistics().total.freed == 0);
    CHECK(returning.statistics().total.kept == 1);
    CHECK(returning.idle().count == 1);
}

TEST_CASE("statistics: a batch has at most as many hits as packets")
{
    plain_pool pool;
    pool.reserve(548, 5);
    std::array<plain_pool::packet_ptr, 2> batch;
    pool.acquire(548, batch);
    CHECK(pool.statistics().total.hits == 2);
    CHECK(pool.statistics().total.misses == 0);
}

TEST_CASE("statistics: operations that fail do not count")
{
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, throwing_metadata,
                               pktpool::counted>
        pool;
    decltype(pool)::packet_ptr one = pool.acquire(20);
    pool.release(std::move(one));
    auto const before = pool.statistics();
    std::array<decltype(pool)::packet_ptr, 4> batch;
    throwing_metadata::successes = 2;
    CHECK_THROWS(pool.acquire(20, batch));
    throwing_metadata::successes = 0;
    CHECK_THROWS(static_cast<void>(pool.acquire(20)));
    throwing_metadata::successes = 0;
    CHECK_THROWS(static_cast<void>(pool.acquire(5000)));
    throwing_metadata::successes = 1;
    CHECK_THROWS(pool.reserve(548, 2));
    throwing_metadata::successes = 1000;
    CHECK_THROWS(static_cast<void>(pool.acquire(70000)));
    CHECK(pool.statistics() == before);
}

TEST_CASE("statistics: they move with the pool, and the moved-from pool counts from 0")
{
    plain_pool pool;
    auto const p = pool.acquire(20);
    auto moved = std::move(pool);
    CHECK(pool.statistics() == plain_pool().statistics());
    CHECK(moved.statistics().total.outstanding == 1);
}

TEST_CASE("statistics: a difference subtracts counters and keeps current values")
{
    plain_pool pool;
    auto p = pool.acquire(20);
    pool.release(pool.acquire(1000));
    auto const before = pool.statistics();
    auto q = pool.acquire(1000);
    auto const since = pool.statistics() - before;
    CHECK(since != pool.statistics());
    CHECK(since.buckets[2].hits == 1);
    CHECK(since.buckets[2].misses == 0);
    CHECK(since.buckets[2].kept == 0);
    CHECK(since.buckets[0].misses == 0);
    CHECK(since.buckets[0].outstanding == 1);
    CHECK(since.total.hits == 1);
    CHECK(since.total.misses == 0);
    CHECK(since.total.outstanding == 2);
    CHECK(since.total.most_outstanding == 2);
    CHECK((pool.statistics() - pool.statistics()).total.hits == 0);
}

TEST_CASE("statistics: printed as a table and as a line")
{
    plain_pool pool;
    auto p = pool.acquire(500);
    pool.release(pool.acquire(500));
    p.reset();
    auto const table = pool.statistics().to_table();
    CHECK(std::ranges::count(table, '\n') == 6); // a head, three buckets, above, total
    CHECK(table.starts_with("bucket      hits    misses      kept     freed     drops"));
    CHECK(table.find("\n   548         0         2         1         1         1") !=
          std::string::npos);
    CHECK(table.find("\n above         0 ") != std::string::npos);
    CHECK(table.find("\n total         0         2 ") != std::string::npos);
    CHECK(
        pool.statistics().to_line() ==
        "hits=0 misses=2 kept=1 freed=1 drops=1 decayed=0 trimmed=0 reserved=0 remote=0 drained=0 "
        "outstanding=0 most_outstanding=2 idle=1 idle_bytes=564");
}

TEST_CASE("statistics: without the policy there is no trace of them")
{
    using uncounted = pktpool::basic_packet_pool<libtorrent_buckets, pktpool::unchecked>;
    static_assert(has_statistics<plain_pool> && !has_statistics<uncounted>);
    static_assert(!has_outstanding<plain_pool> && !has_outstanding<uncounted>);
    static_assert(sizeof(uncounted::packet_ptr) == sizeof(void*));
}

TEST_CASE("statistics: reserved counts the packets that reserve made")
{
    plain_pool pool;
    pool.reserve(20, 2);
    pool.reserve(20, 5);
    CHECK(pool.statistics().buckets[0].reserved == 5);
    CHECK(pool.statistics().buckets[0].idle == 5);
}

TEST_CASE("statistics: most_outstanding of the total is one moment, not a sum of peaks")
{
    plain_pool pool;
    pool.release(pool.acquire(20));
    pool.release(pool.acquire(548));
    CHECK(pool.statistics().total.most_outstanding == 1);
}
