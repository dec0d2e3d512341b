// What runs while the lock of a pool or slab is held, and what runs without it.
#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <source_location>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "recording.hpp"
#include "reentry.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;

template <class... Policies>
using pool_with = pktpool::basic_packet_pool<libtorrent_buckets, recording, calling_metadata,
                                             calling_source, Policies...>;
using plain = pool_with<>;
using returning = pool_with<pktpool::return_on_drop>;
using watched = pool_with<pktpool::hardened, pktpool::counted>;

struct one_bucket {
    static constexpr std::array buckets{pktpool::bucket{.size = 64, .limit = 1}};
};
using other_buckets =
    pktpool::basic_packet_pool<one_bucket, recording, calling_metadata, calling_source>;

using slab = pktpool::basic_packet_slab<pktpool::runtime_bucket, recording, calling_metadata,
                                        calling_source>;

/// Whether a dropped handle returns to its pool.
template <class Pool>
inline constexpr bool drops_reach_pool =
    std::is_same_v<Pool, returning> || std::is_same_v<Pool, watched>;

/// Calls everything that calls the source or constructs and destroys metadata. Drops only handles
/// whose drops reach the pool.
template <class Pool>
void use(Pool& pool)
{
    std::vector<typename Pool::packet_ptr> many(14);
    pool.acquire(100, many);
    pool.release(std::move(many.front()));
    for (int i = 0; i < 2; ++i) {
        pool.release(many); // more packets than are kept
        pool.acquire(100, many);
    }
    for (auto& p : many) { // more packets than are kept, one by one
        pool.release(std::move(p));
    }
    pool.acquire(3000, many);
    pool.release(many);
    pool.release(pool.acquire(3000));
    if constexpr (std::is_same_v<Pool, plain>) { // frees packets of another pool
        other_buckets other;
        pool.release(other.acquire(64));
        many.front() = other.acquire(64);
        pool.release(many);
    }
    auto p = pool.acquire(1472);
    CHECK(pool.shrink_to_bucket(p));
    pool.release(std::move(p));
    pool.reserve(1, 3);
    pool.decay();
    pool.trim();
    for (std::size_t const size : {100U, 3000U}) {
        pool.reserve(100, 3);
        for (std::size_t const good : {0U, 2U}) {
            calling_source::failure.start(good);
            CHECK_THROWS_AS(pool.acquire(size, many), std::bad_alloc);
            calling_metadata::failure.start(good + 2);
            CHECK_THROWS_AS(pool.acquire(size, many), std::bad_alloc);
        }
        calling_metadata::failure.start(0);
        CHECK_THROWS_AS(static_cast<void>(pool.acquire(size)), std::bad_alloc);
    }
    calling_source::failure.start(1);
    CHECK_THROWS_AS(pool.reserve(1, 3), std::bad_alloc);
    if constexpr (drops_reach_pool<Pool>) {
        pool.acquire(100, many);
        many.clear();
        pool.acquire(3000).reset();
    }
    pool.trim();
}

void use(slab& s)
{
    auto p = s.alloc();
    auto q = s.alloc();
    CHECK(s.try_push_back(p));
    CHECK_FALSE(s.try_push_back(q));
    calling_metadata::failure.start(0); // at a hit
    CHECK_THROWS_AS(static_cast<void>(s.alloc()), std::bad_alloc);
    p = s.alloc();
    calling_metadata::failure.start(0); // at a miss
    CHECK_THROWS_AS(static_cast<void>(s.alloc()), std::bad_alloc);
    calling_source::failure.start(0);
    CHECK_THROWS_AS(static_cast<void>(s.alloc()), std::bad_alloc);
    CHECK(s.try_push_back(p));
    s.decay();
}

struct calls {
    std::size_t inside = 0;
    std::size_t outside = 0;
};

template <class Object>
calls calls_of(point at, Object& object)
{
    calls count;
    interruption const look(at, 0,
                            [&] { ++(recording::inside > 0 ? count.inside : count.outside); });
    use(object);
    return count;
}

template <class Object>
void check_calls(Object& object)
{
    for (auto const at : {point::allocate, point::deallocate, point::made}) {
        CAPTURE(static_cast<int>(at));
        auto const count = calls_of(at, object);
        CHECK(count.inside > 0);
        CHECK(count.outside == 0);
    }
    auto const destroyed = calls_of(point::destroyed, object);
    CHECK(destroyed.inside == 0);
    CHECK(destroyed.outside > 0);
}

} // namespace

TEST_CASE_TEMPLATE(
    "lock: the source and constructors of metadata run under the lock, destructors without it",
    Pool, plain, returning, watched)
{
    Pool pool;
    check_calls(pool);
}

TEST_CASE("lock: the same holds for a slab")
{
    slab s(100, 1);
    check_calls(s);
}

namespace {

/// A source that is not safe for concurrent calls.
struct unlocked_source {
    static inline std::size_t calls = 0;

    static void* allocate(std::size_t bytes)
    {
        ++calls;
        return pktpool::heap_source::allocate(bytes);
    }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        ++calls;
        pktpool::heap_source::deallocate(memory, bytes);
    }
};

template <class... Policies>
using shared_pool = pktpool::basic_packet_pool<libtorrent_buckets, pktpool::synchronized<>,
                                               unlocked_source, Policies...>;
using shared_plain = shared_pool<>;
using shared_returning = shared_pool<pktpool::return_on_drop>;
using shared_watched = shared_pool<pktpool::hardened, pktpool::counted>;
using shared_slab =
    pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::synchronized<>, unlocked_source>;

template <class Use>
void on_three_threads(Use use)
{
    std::array<std::thread, 3> threads;
    std::atomic<int> ready{0};
    for (auto& each : threads) {
        each = std::thread([use, &ready] {
            for (++ready; ready < 3;) {}
            for (int i = 0; i < 300; ++i) {
                use();
            }
        });
    }
    for (auto& each : threads) {
        each.join();
    }
}

} // namespace

TEST_CASE_TEMPLATE("lock: under synchronized a source needs no lock of its own", Pool, shared_plain,
                   shared_returning, shared_watched)
{
    unlocked_source::calls = 0;
    {
        Pool pool;
        on_three_threads([&pool] {
            std::array<typename Pool::packet_ptr, 6> batch;
            pool.acquire(3000, batch);
            for (auto& p : batch) {
                std::this_thread::yield();
                pool.release(std::move(p));
            }
            pool.acquire(4000, batch);
            pool.release(batch);
            if constexpr (!std::is_same_v<Pool, shared_plain>) {
                pool.acquire(3000).reset();
            }
        });
    }
    constexpr std::size_t packets = std::is_same_v<Pool, shared_plain> ? 12 : 13;
    CHECK(unlocked_source::calls == std::size_t{3} * 300 * packets * 2);
}

TEST_CASE("lock: under synchronized idle() of a slab may be called from any thread")
{
    shared_slab slab(100, 2);
    std::atomic<std::size_t> too_many{0};
    on_three_threads([&slab, &too_many] {
        auto p = slab.alloc();
        auto q = slab.alloc();
        slab.try_push_back(p);
        slab.try_push_back(q);
        for (int i = 0; i < 10; ++i) {
            too_many += slab.idle().count > 2 ? 1U : 0U;
        }
    });
    CHECK(slab.idle().count == 2);
    CHECK(too_many == 0);
}

namespace {

/// Shows whether it is locked.
struct open_mutex {
    static inline int locked = 0;

    static void lock() { ++locked; }
    static void unlock() { --locked; }
};
struct locked_door {
    std::unique_lock<open_mutex> enter(std::string_view, std::source_location)
    {
        return std::unique_lock(mutex_);
    }
    static void detach() noexcept {}

private:
    open_mutex mutex_;
};

} // namespace

TEST_CASE("lock: a source runs only while the lock is held, also when an operation fails")
{
    pktpool::basic_packet_pool<libtorrent_buckets, locked_door, calling_metadata, calling_source,
                               pktpool::return_on_drop>
        pool;
    for (auto const at : {point::allocate, point::deallocate}) {
        CAPTURE(static_cast<int>(at));
        std::size_t unlocked = 0;
        interruption const look(at, 0, [&] { unlocked += open_mutex::locked > 0 ? 0 : 1; });
        use(pool);
        CHECK(interruption::calls > 0);
        CHECK(unlocked == 0);
    }
    CHECK(open_mutex::locked == 0);
}
