// The end of a pool with an owner, while its source uses it and other threads give packets back.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"
#include "elsewhere.hpp"
#include "reentry.hpp"

import pktpool;

namespace {

template <class... Policies>
using owned = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_owner,
                                         calling_source, Policies...>;
using freeing = owned<>;
using returning = owned<pktpool::return_on_drop>;
using tracking = owned<pktpool::demand_tracked, pktpool::return_on_drop>;
using hardened = owned<pktpool::hardened>;

/// Ends the pool. Its source frees packets meanwhile; the n-th time it runs the n-th step.
template <class Pool>
void end(Pool& pool, std::vector<std::function<void()>> const& steps)
{
    std::size_t run = 0;
    {
        interruption const during(point::deallocate, 0, [&] {
            if (run < steps.size()) {
                steps[run++]();
            }
        });
        pool = Pool();
    }
    CHECK(run == steps.size());
}

/// No packet and no memory of a pool is left after the use.
template <class Use>
void check_nothing_left(Use use)
{
    elsewhere([] {}); // the first thread of a process allocates
    auto const before = live_allocations();
    use();
    CHECK(calling_source::live == 0);
    CHECK(live_allocations() == before);
}

} // namespace

TEST_CASE_TEMPLATE("owner ends: packets come back before and after the list is closed", Pool,
                   returning, tracking, hardened)
{
    for (std::size_t const left : {0U, 1U, 3U}) {
        CAPTURE(left);
        check_nothing_left([&] {
            Pool pool;
            auto listed = acquire(pool, 2);
            auto late = acquire(pool, 3);
            pool.release(pool.acquire(1000));                            // idle
            end(pool, {[&] { elsewhere([&] { listed.clear(); }); },      // on the list
                       [&] { elsewhere([&] { late.resize(left); }); }}); // the list is closed
            CHECK(calling_source::live == left);
            elsewhere([&] { late.clear(); });
        });
    }
}

TEST_CASE("owner ends: packets that other threads free meanwhile are not waited for")
{
    check_nothing_left([] {
        freeing pool;
        auto packets = acquire(pool, 5);
        pool.release(pool.acquire(1000));
        end(pool, {[&] { elsewhere([&] { packets.resize(2); }); }});
        CHECK(calling_source::live == 2);
        elsewhere([&] { packets.clear(); });
    });
}

TEST_CASE_TEMPLATE("owner ends: packets of every size come back after the end", Pool, freeing,
                   returning, tracking, hardened)
{
    check_nothing_left([] {
        Pool pool;
        packets_of<Pool> late;
        for (std::size_t const size : {20U, 548U, 1472U, 5000U}) {
            auto idle = acquire(pool, 8, size);
            pool.release(idle);
            auto some = acquire(pool, 3, size);
            std::ranges::move(some, std::back_inserter(late));
        }
        end(pool, {});
        CHECK(calling_source::live == late.size());
        elsewhere([&] { late.clear(); });
    });
}

TEST_CASE_TEMPLATE("owner ends: a source acquires more packets than the list has places", Pool,
                   returning, tracking, hardened)
{
    check_nothing_left([] {
        Pool pool;
        auto listed = acquire(pool, 2);
        auto late = acquire(pool, 40);
        packets_of<Pool> more;
        pool.release(pool.acquire(1000));
        end(pool, {[&] { elsewhere([&] { listed.clear(); }); },
                   [&] {
                       elsewhere([&] { late.resize(10); });
                       more = acquire(pool, 100);
                   }});
        CHECK(calling_source::live == 110);
        elsewhere([&] { late.clear(); });
        elsewhere([&] { more.clear(); });
    });
}

TEST_CASE_TEMPLATE("owner ends: a source decays a pool with fewer packets than its list has places",
                   Pool, returning, tracking, hardened)
{
    check_nothing_left([] {
        Pool pool;
        auto listed = acquire(pool, 2);
        auto late = acquire(pool, 5);
        auto many = acquire(pool, 500);
        pool.release(many);
        pool.trim();
        pool.release(pool.acquire(1000));
        end(pool, {[&] { elsewhere([&] { listed.clear(); }); }, [&] { pool.decay(); }});
        CHECK(calling_source::live == 5);
        elsewhere([&] { late.clear(); });
    });
}
