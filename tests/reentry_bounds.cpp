// A source that calls its pool: the cost is bounded, and the counts add up.
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "reentry.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;

template <class Threading, class... Policies>
using pool_with =
    pktpool::basic_packet_pool<libtorrent_buckets, Threading, calling_source, Policies...>;
using plain = pool_with<pktpool::single_threaded>;
using returning = pool_with<pktpool::single_threaded, pktpool::return_on_drop>;
using adaptive =
    pool_with<pktpool::single_threaded, pktpool::return_on_drop, pktpool::demand_tracked>;
using watched = pool_with<pktpool::single_threaded, pktpool::hardened, pktpool::counted>;
using locked = pool_with<pktpool::synchronized<std::recursive_mutex>>;

template <class Pool>
void check_counts([[maybe_unused]] Pool const& pool, [[maybe_unused]] std::size_t outstanding)
{
    if constexpr (requires { pool.statistics(); }) {
        auto const total = pool.statistics().total;
        CHECK(total.outstanding == outstanding);
        CHECK(total.hits + total.misses - total.kept - total.freed == outstanding);
        CHECK(total.kept + total.reserved - total.hits - total.decayed - total.trimmed ==
              pool.idle().count);
    }
}

} // namespace

TEST_CASE_TEMPLATE("reentry: a source may release packets to the pool and then throw", Pool, plain,
                   returning, adaptive, watched, locked)
{
    for (std::size_t const good : {0U, 1U, 4U}) { // successful calls before the failure
        CAPTURE(good);
        Pool pool;
        std::vector<typename Pool::packet_ptr> idle(5);
        std::vector<typename Pool::packet_ptr> queued(8);
        std::vector<typename Pool::packet_ptr> batch(12);
        pool.acquire(100, idle);
        pool.acquire(100, queued);
        pool.release(idle);
        {
            interruption const short_of_memory(point::allocate, good, [&] {
                pool.release(queued);
                throw std::bad_alloc();
            });
            CHECK_THROWS_AS(pool.acquire(100, batch), std::bad_alloc);
        }
        for (auto const& p : batch) {
            CHECK(p == nullptr);
        }
        auto const count = pool.idle(1).count;
        CHECK(count <= (std::is_same_v<Pool, adaptive> ? 13 : 10));
        CHECK(count >= 8);
        CHECK(calling_source::live == count);
        check_counts(pool, 0);
        batch.resize(count);
        pool.acquire(100, batch);
        std::set<void const*> distinct;
        for (auto const& p : batch) {
            distinct.insert(p.get());
        }
        CHECK(distinct.size() == count);
        CHECK(calling_source::live == count);
        check_counts(pool, count);
    }
}

TEST_CASE_TEMPLATE("reentry: a failed batch with idle packets behind new ones returns all of them",
                   Pool, plain, returning, adaptive, watched, locked)
{
    Pool pool;
    std::vector<typename Pool::packet_ptr> idle(5);
    std::vector<typename Pool::packet_ptr> queued(4);
    std::vector<typename Pool::packet_ptr> batch(20);
    pool.acquire(100, idle);
    pool.acquire(100, queued);
    pool.release(idle);
    {
        int calls = 0;
        interruption const help(point::allocate, 0, [&] {
            if (++calls == 1) {
                pool.release(queued); // a miss, then four hits
            } else {
                throw std::bad_alloc();
            }
        });
        CHECK_THROWS_AS(pool.acquire(100, batch), std::bad_alloc);
    }
    CHECK(pool.idle(1).count == 9);
    CHECK(calling_source::live == 9);
    check_counts(pool, 0);
}

TEST_CASE_TEMPLATE(
    "reentry: reserve makes at most the packets that were lacking, also if all are trimmed", Pool,
    plain, returning, adaptive, watched, locked)
{
    Pool pool;
    auto const before = calling_source::allocated;
    {
        interruption const pressure(point::allocate, 0, [&] { pool.trim(); });
        pool.reserve(100, 5);
    }
    CHECK(calling_source::allocated - before <= 5);
    CHECK(pool.idle(1).count <= 5);
    CHECK(pool.idle(1).count >= 1);
    CHECK(calling_source::live == pool.idle().count);
    check_counts(pool, 0);

    pool.trim();
    pool.reserve(100, 3);
    auto const with_three = calling_source::allocated;
    {
        interruption const pressure(point::allocate, 0, [&] { pool.decay(); });
        pool.reserve(100, 7);
    }
    CHECK(calling_source::allocated - with_three <= 4);
    CHECK(calling_source::live == pool.idle().count);
    check_counts(pool, 0);
}

TEST_CASE_TEMPLATE(
    "reentry: reserve makes no packet above the limit if the source releases packets", Pool, plain,
    returning, watched, locked)
{
    Pool pool;
    std::vector<typename Pool::packet_ptr> queued(8);
    pool.acquire(100, queued);
    {
        interruption const help(point::allocate, 1, [&] { pool.release(queued); });
        pool.reserve(100, 6);
    }
    CHECK(pool.idle(1).count >= 6);
    CHECK(pool.idle(1).count <= 10);
    CHECK(calling_source::live == pool.idle().count);
    check_counts(pool, 0);
}

TEST_CASE_TEMPLATE(
    "reentry: trim frees the packets that were idle, not those that its source releases", Pool,
    plain, returning, adaptive, watched, locked)
{
    Pool pool;
    pool.reserve(100, 4);
    pool.reserve(1, 1);
    std::vector<typename Pool::packet_ptr> queued(9);
    pool.acquire(1000, queued);
    auto const before = calling_source::deallocated;
    {
        interruption const release(point::deallocate, 0, [&] {
            if (!queued.empty()) {
                auto p = std::move(queued.back());
                queued.pop_back();
                pool.release(std::move(p));
            }
        });
        pool.trim();
    }
    CHECK(calling_source::deallocated - before <= 5);
    CHECK(calling_source::live == pool.idle().count + queued.size());
    check_counts(pool, queued.size());
}

TEST_CASE_TEMPLATE("reentry: trim ends, also if its source releases a packet at each call", Pool,
                   plain, returning, adaptive, watched, locked)
{
    Pool pool;
    pool.reserve(100, 4);
    {
        interruption const more(point::deallocate, 0, [&] { pool.release(pool.acquire(100)); });
        pool.trim();
        CHECK(interruption::calls <= 4);
        pool.decay();
        CHECK(interruption::calls <= 4 + 4);
    }
    CHECK(calling_source::live == pool.idle().count);
    check_counts(pool, 0);
}

TEST_CASE_TEMPLATE("reentry: the free of one packet may release any number of packets", Pool, plain,
                   returning, watched, locked)
{
    Pool pool;
    std::vector<typename Pool::packet_ptr> many(30);
    pool.acquire(100, many);
    {
        interruption const next(point::deallocate, 0, [&] {
            pool.release(pool.acquire(100)); // one packet is idle, and one more is kept
        });
        pool.release(many);
    }
    CHECK(pool.idle(1).count == 10);
    CHECK(calling_source::live == 10);
    check_counts(pool, 0);
}

TEST_CASE("reentry: a slab is consistent after any call from any point")
{
    using slab_type = pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked,
                                                 calling_metadata, calling_source>;
    for (auto const at : {point::allocate, point::deallocate, point::made, point::destroyed}) {
        for (int action = 0; action < 3; ++action) {
            CAPTURE(static_cast<int>(at));
            CAPTURE(action);
            slab_type slab(100, 3);
            std::vector<slab_type::packet_ptr> queued(4);
            std::vector<slab_type::packet_ptr> held(5);
            std::ranges::generate(queued, [&] { return slab.alloc(); });
            std::ranges::generate(held, [&] { return slab.alloc(); });
            slab.try_push_back(held.front());
            {
                interruption const during(at, 0, [&] {
                    if (action == 0) {
                        slab.decay();
                    } else if (action == 1) {
                        std::ranges::for_each(queued, [&](auto& p) { slab.try_push_back(p); });
                    } else {
                        queued.push_back(slab.alloc());
                    }
                });
                held.front() = slab.alloc(); // a hit
                held.push_back(slab.alloc());
                std::ranges::for_each(held, [&](auto& p) { slab.try_push_back(p); });
                slab.decay();
            }
            auto const out = static_cast<std::size_t>(
                std::ranges::count_if(queued, [](auto const& p) { return p != nullptr; }));
            CHECK(slab.idle().count <= 3);
            CHECK(calling_source::live == slab.idle().count + out);
            std::set<void const*> distinct;
            for (auto& p : queued) {
                distinct.insert(p.get());
            }
            distinct.erase(nullptr);
            std::vector<slab_type::packet_ptr> idle(slab.idle().count);
            std::ranges::generate(idle, [&] { return slab.alloc(); });
            for (auto& p : idle) {
                CHECK(distinct.insert(p.get()).second);
            }
        }
    }
    CHECK(calling_source::live == 0);
}

TEST_CASE_TEMPLATE("reentry: a pool that a move replaces is called by its source", Pool, plain,
                   returning, adaptive)
{
    {
        Pool pool;
        typename Pool::packet_ptr kept;
        std::vector<typename Pool::packet_ptr> packets(40);
        pool.acquire(100, packets);
        pool.release(packets);
        {
            interruption const during(point::deallocate, 0, [&] {
                pool.release(pool.acquire(100));
                if (!kept) {
                    kept = pool.acquire(100);
                }
            });
            pool = Pool();
        }
        CHECK(pool.idle().count == 0);
        CHECK(kept->allocated == 548);
        CHECK(calling_source::live == 1);
        kept.reset();
        CHECK(calling_source::live == 0);
        pool.release(pool.acquire(100));
        CHECK(pool.idle().count == 1);
    }
    CHECK(calling_source::live == 0);
}
