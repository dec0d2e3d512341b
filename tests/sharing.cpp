// One synchronized pool under load from many threads. The preset tsan checks it best.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

template <class... Policies>
using shared_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::synchronized<>, Policies...>;

using plain_pool = shared_pool<>;
using adaptive_pool = shared_pool<pktpool::demand_tracked, pktpool::return_on_drop>;
using watched_pool = shared_pool<pktpool::hardened, pktpool::counted, pktpool::clear_on_release>;
using recursive_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets,
                                                  pktpool::synchronized<std::recursive_mutex>,
                                                  pktpool::return_on_drop>;

/// Packets that one thread hands to another one.
template <class Pool>
class exchange {
public:
    /// Adds a packet and returns another one, or null.
    typename Pool::packet_ptr swap(typename Pool::packet_ptr p, std::size_t slot)
    {
        std::scoped_lock const held(mutex_);
        std::swap(slots_[slot % slots_.size()], p);
        return p;
    }

private:
    std::mutex mutex_;
    std::array<typename Pool::packet_ptr, 16> slots_;
};

template <class Pool>
void run_threads(Pool& pool, unsigned threads)
{
    exchange<Pool> others;
    std::atomic<std::size_t> damaged{0};
    std::vector<std::thread> running;
    running.reserve(threads);
    for (unsigned t = 0; t < threads; ++t) {
        running.emplace_back([&, t] {
            std::mt19937 random(t);
            constexpr std::array<std::size_t, 5> sizes{20, 100, 548, 1472, 3000};
            for (int i = 0; i < 2000; ++i) {
                auto const what = random();
                auto const size = sizes[what / 8 % sizes.size()];
                auto p = pool.acquire(size);
                auto const mark = static_cast<std::byte>(t);
                std::fill_n(p->data(), size, mark);
                std::this_thread::yield();
                damaged += p->data()[0] != mark || p->data()[size - 1] != mark ? 1U : 0U;
                switch (what % 8) {
                case 0: // drops it
                    break;
                case 1:
                    pool.decay();
                    break;
                case 2: {
                    std::array<typename Pool::packet_ptr, 3> batch;
                    pool.acquire(size, batch);
                    pool.release(batch);
                    break;
                }
                case 3:
                    pool.trim();
                    pool.reserve(20, 2);
                    break;
                case 4:
                    static_cast<void>(pool.idle());
                    break;
                default: // releases or drops a packet of another thread
                    pool.release(others.swap(std::move(p), what / 64));
                }
            }
        });
    }
    for (auto& each : running) {
        each.join();
    }
    CHECK(damaged == 0);
}

} // namespace

TEST_CASE_TEMPLATE("sharing: no packet has two owners, and none leaks", Pool, plain_pool,
                   adaptive_pool, watched_pool, recursive_pool)
{
    for (unsigned const threads : {2U, 8U}) {
        auto const before = live_allocations();
        {
            Pool pool;
            run_threads(pool, threads);
            if constexpr (std::is_same_v<Pool, watched_pool>) {
                auto const total = pool.statistics().total;
                CHECK(total.outstanding == 0);
                CHECK(total.hits + total.misses == total.kept + total.freed);
                CHECK(pool.outstanding().empty());
            }
        }
        CHECK(live_allocations() == before);
    }
}

TEST_CASE_TEMPLATE("sharing: the first use may come from many threads at once", Pool, plain_pool,
                   adaptive_pool, watched_pool)
{
    auto const before = live_allocations();
    for (int round = 0; round < 50; ++round) {
        Pool pool;
        std::atomic<int> ready{0};
        std::vector<std::thread> running;
        running.reserve(4);
        for (int t = 0; t < 4; ++t) {
            running.emplace_back([&] {
                for (++ready; ready < 4;) {}
                pool.release(pool.acquire(20));
            });
        }
        for (auto& each : running) {
            each.join();
        }
        CHECK(pool.idle().count > 0);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE_TEMPLATE("sharing: the pool may be destroyed while other threads drop its packets", Pool,
                   adaptive_pool, watched_pool)
{
    auto const before = live_allocations();
    for (int round = 0; round < 100; ++round) {
        auto pool = std::make_unique<Pool>();
        std::array<typename Pool::packet_ptr, 8> some;
        std::array<typename Pool::packet_ptr, 8> more;
        pool->acquire(548, some);
        pool->acquire(4000, more);
        std::thread first([&] { std::ranges::for_each(some, [](auto& p) { p.reset(); }); });
        std::thread second([&] { std::ranges::for_each(more, [](auto& p) { p.reset(); }); });
        pool.reset();
        first.join();
        second.join();
    }
    CHECK(live_allocations() == before);
}

namespace {

struct chained {
    struct link;
    std::unique_ptr<link> next;
};

using chained_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::synchronized<>, chained,
                               pktpool::return_on_drop>;

struct chained::link {
    chained_pool::packet_ptr packet;
};

} // namespace

TEST_CASE("sharing: what metadata own is dropped without the lock")
{
    chained_pool pool;
    auto p = pool.acquire(20);
    p->next = std::make_unique<chained::link>(pool.acquire(20));
    pool.release(std::move(p)); // the second packet returns through the same lock
    CHECK(pool.idle().count == 2);
    p = pool.acquire(20);
    p->next = std::make_unique<chained::link>(pool.acquire(20));
    p.reset();
    CHECK(pool.idle().count == 2);
    p = pool.acquire(20);
    p->next = std::make_unique<chained::link>(pool.acquire(20));
    pool.release(std::span(&p, 1));
    CHECK(pool.idle().count == 2);
}
