// Sources and metadata call their own pool, at every point where the pool calls them.
#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "reentry.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

template <class... Policies>
using pool_with = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, calling_metadata,
                                             calling_source, Policies...>;
using plain = pool_with<>;
using returning = pool_with<pktpool::return_on_drop>;
using adaptive = pool_with<pktpool::return_on_drop, pktpool::demand_tracked>;
using watched = pool_with<pktpool::hardened, pktpool::counted>;
using bounded = pool_with<pktpool::max_idle_bytes<3000>>;
using locked =
    pktpool::basic_packet_pool<libtorrent_buckets, pktpool::synchronized<std::recursive_mutex>,
                               calling_metadata, calling_source, pktpool::return_on_drop,
                               pktpool::max_idle_bytes<4000>>;

/// A pool and two sets of packets.
template <class Pool>
struct scene {
    using handles = std::vector<typename Pool::packet_ptr>;

    Pool pool;
    handles held;   ///< for the operation
    handles queued; ///< for the calls of the source or the metadata

    scene()
    {
        held.resize(12);
        queued.resize(6);
        pool.acquire(100, held);
        pool.acquire(100, queued);
        pool.reserve(100, 3);
        held.push_back(pool.acquire(1472));
        held.push_back(pool.acquire(3000));
    }

    /// Every packet is idle or in one handle, and idle packets are acquired without the source.
    void check_whole()
    {
        std::set<void const*> out;
        std::size_t handles_out = 0;
        for (auto const* const each : {&held, &queued}) {
            for (auto const& p : *each) {
                handles_out += p ? 1U : 0U;
                out.insert(p.get());
            }
        }
        out.erase(nullptr);
        CHECK(out.size() == handles_out);
        CHECK(calling_source::live == handles_out + pool.idle().count);
        if constexpr (requires { pool.statistics(); }) {
            auto const total = pool.statistics().total;
            CHECK(total.outstanding == handles_out);
            CHECK(total.hits + total.misses - total.kept - total.freed == handles_out);
            CHECK(total.kept + total.reserved - total.hits - total.decayed - total.trimmed ==
                  pool.idle().count);
            std::size_t listed = 0;
            for (auto const& each : pool.outstanding()) {
                listed += each.count;
            }
            CHECK(listed == handles_out);
        }

        for (std::size_t const index : {0U, 1U, 2U}) {
            std::vector<typename Pool::packet_ptr> idle(pool.idle(index).count);
            auto const allocated = calling_source::allocated;
            pool.acquire(libtorrent_buckets::buckets[index].size, idle);
            CHECK(calling_source::allocated == allocated);
            for (auto const& p : idle) {
                CHECK(out.insert(p.get()).second);
                CHECK(p->bucket == index);
            }
            pool.release(idle);
        }
    }
};

/// The bounds that the pool promises.
template <class Pool>
bool within_bounds(Pool const& pool)
{
    if (!std::is_same_v<Pool, adaptive> && pool.idle(1).count > 10) {
        return false;
    }
    return !(std::is_same_v<Pool, bounded> && pool.idle().bytes > 3000) &&
           !(std::is_same_v<Pool, locked> && pool.idle().bytes > 4000);
}

template <class Pool>
void reserve_if_it_fits(Pool& pool, std::size_t packets)
{
    try {
        pool.reserve(100, packets);
        // NOLINTNEXTLINE(bugprone-empty-catch)
    } catch (std::length_error const&) { // above the bound on idle bytes
    }
}

template <class Pool>
using step = std::pair<std::string, std::function<void(scene<Pool>&)>>;

/// Calls of the source and the metadata.
template <class Pool>
std::vector<step<Pool>> const& actions()
{
    using pool_scene = scene<Pool>;
    static std::vector<step<Pool>> const all{
        {"trim", [](pool_scene& s) { s.pool.trim(); }},
        {"decay", [](pool_scene& s) { s.pool.decay(); }},
        {"reserve", [](pool_scene& s) { reserve_if_it_fits(s.pool, 3); }},
        {"release one",
         [](pool_scene& s) {
             if (!s.queued.empty()) {
                 auto p = std::move(s.queued.back());
                 s.queued.pop_back();
                 s.pool.release(std::move(p));
             }
         }},
        {"release all",
         [](pool_scene& s) {
             auto batch = std::exchange(s.queued, {});
             s.pool.release(batch);
         }},
        {"drop all", [](pool_scene& s) { s.queued.clear(); }},
        {"acquire", [](pool_scene& s) { s.queued.push_back(s.pool.acquire(100)); }},
        {"acquire and release", [](pool_scene& s) { s.pool.release(s.pool.acquire(100)); }},
        {"use", [](pool_scene& s) { s.pool.release(s.pool.acquire(3000)); }},
        {"look", [](pool_scene& s) { CHECK(within_bounds(s.pool)); }},
    };
    return all;
}

/// Operations of the pool during which the source and the metadata are called.
template <class Pool>
std::vector<step<Pool>> const& operations()
{
    using pool_scene = scene<Pool>;
    auto const take = [](pool_scene& s, std::size_t size, std::size_t packets) {
        typename pool_scene::handles batch(packets);
        s.pool.acquire(size, batch);
        std::ranges::move(batch, std::back_inserter(s.held));
    };
    static std::vector<step<Pool>> const all{
        {"a hit", [](pool_scene& s) { s.held.push_back(s.pool.acquire(100)); }},
        {"a miss", [](pool_scene& s) { s.held.push_back(s.pool.acquire(1)); }},
        {"an exact one", [](pool_scene& s) { s.held.push_back(s.pool.acquire(4000)); }},
        {"a batch", [take](pool_scene& s) { take(s, 100, 8); }},
        {"an exact batch", [take](pool_scene& s) { take(s, 4000, 3); }},
        {"a batch of full handles", [](pool_scene& s) { s.pool.acquire(548, s.held); }},
        {"a release", [](pool_scene& s) { s.pool.release(std::move(s.held.front())); }},
        {"an exact release", [](pool_scene& s) { s.pool.release(std::move(s.held.back())); }},
        {"a batch release", [](pool_scene& s) { s.pool.release(s.held); }},
        {"drops", [](pool_scene& s) { s.held.clear(); }},
        {"trim", [](pool_scene& s) { s.pool.trim(); }},
        {"decay", [](pool_scene& s) { s.pool.decay(); }},
        {"reserve", [](pool_scene& s) { reserve_if_it_fits(s.pool, 5); }},
        {"shrink", [](pool_scene& s) { s.pool.shrink_to_bucket(s.held[12]); }},
    };
    return all;
}

template <class Pool>
void run(point at, std::size_t from, bool throws, step<Pool> const& action,
         step<Pool> const& operation)
{
    CAPTURE(static_cast<int>(at));
    CAPTURE(from);
    CAPTURE(throws);
    CAPTURE(action.first);
    CAPTURE(operation.first);
    scene<Pool> s;
    {
        interruption const during(at, from, [&] {
            action.second(s);
            if (throws) {
                throw std::bad_alloc();
            }
        });
        try {
            operation.second(s);
        } catch (std::bad_alloc const&) {
            CHECK(throws);
        }
        CHECK(interruption::calls < interruption::most);
    }
    CHECK(within_bounds(s.pool));
    s.check_whole();
    s.pool.release(s.queued);
    s.pool.release(s.held);
    s.check_whole();
}

} // namespace

TEST_CASE_TEMPLATE("reentry: the pool is consistent after any call from any point", Pool, plain,
                   returning, adaptive, watched, bounded, locked)
{
    auto const before = calling_source::live;
    for (auto const at : {point::allocate, point::deallocate, point::made, point::destroyed}) {
        bool const may_throw = at == point::allocate || at == point::made;
        for (bool const throws : {false, true}) {
            if (throws && !may_throw) {
                continue;
            }
            for (std::size_t const from : {0U, 3U}) { // calls without an action before
                for (auto const& action : actions<Pool>()) {
                    for (auto const& operation : operations<Pool>()) {
                        run<Pool>(at, from, throws, action, operation);
                    }
                }
            }
        }
    }
    CHECK(calling_source::live == before);
}
