// The state after a failed operation, also if a source or metadata used the pool during it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <source_location>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "reentry.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;

template <class... Policies>
using pool_with = pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_threaded,
                                             calling_metadata, calling_source, Policies...>;
using plain = pool_with<>;
using returning = pool_with<pktpool::return_on_drop>;
using adaptive = pool_with<pktpool::return_on_drop, pktpool::demand_tracked>;
using watched = pool_with<pktpool::hardened, pktpool::counted>;

/// Records the most outstanding packets of the bucket of 548, and keeps all idle ones.
struct peak_of_one {
    static constexpr bool tracks_demand = true;
    static inline std::vector<std::uint32_t> peaks;

    static constexpr std::uint32_t ceiling(std::uint32_t) noexcept { return pktpool::no_ceiling; }
    static std::uint32_t
    surplus(pktpool::slab_counts const& now) noexcept // NOLINT(bugprone-exception-escape):
                                                      // no failing heap in this test
    {
        peaks.push_back(now.most_outstanding);
        return 0;
    }
};

/// Throws while it is closed.
struct closable {
    static inline bool closed = false;

    static int enter(std::string_view, std::source_location)
    {
        return closed ? throw std::runtime_error("closed") : 0;
    }
    static void detach() noexcept {}
};

template <class Pool>
void use(Pool& pool, std::size_t packets)
{
    std::vector<typename Pool::packet_ptr> some(packets);
    pool.acquire(100, some);
    pool.release(some);
}

/// All idle packets are acquired without the source, and no others.
template <class Pool>
void check_idle(Pool& pool)
{
    auto const idle = pool.idle(1).count;
    CHECK(calling_source::live == pool.idle().count);
    auto const before = calling_source::allocated;
    std::vector<typename Pool::packet_ptr> some(idle + 2);
    for (auto& p : some) {
        p = pool.acquire(100);
    }
    CHECK(calling_source::allocated == before + 2);
    std::ranges::sort(some);
    CHECK(std::ranges::adjacent_find(some) == some.end());
    pool.release(some);
}

} // namespace

TEST_CASE_TEMPLATE("undo: a reserve that fails after all its packets were acquired", Pool, plain,
                   returning, adaptive, watched)
{
    for (std::size_t const made : {1U, 2U, 3U}) {
        CAPTURE(made);
        Pool pool;
        std::vector<typename Pool::packet_ptr> kept(made);
        {
            interruption const during(point::allocate, made, [&] {
                pool.acquire(100, kept);
                throw std::bad_alloc();
            });
            CHECK_THROWS_AS(pool.reserve(100, 5), std::bad_alloc);
        }
        CHECK(pool.idle(1).count == 0);
        CHECK(calling_source::live == made);
        if constexpr (requires { pool.statistics(); }) {
            auto const total = pool.statistics().total;
            CHECK(total.hits == made);
            CHECK(total.reserved == made);
            CHECK(total.outstanding == made);
        }
        pool.release(kept);
        CHECK(pool.idle(1).count == made);
        check_idle(pool);
    }
}

TEST_CASE_TEMPLATE("undo: a reserve that fails after all its packets were acquired and released",
                   Pool, plain, returning, adaptive, watched)
{
    for (std::size_t const made : {1U, 2U, 3U}) {
        CAPTURE(made);
        Pool pool;
        {
            interruption const during(point::allocate, made, [&] {
                use(pool, made);
                throw std::bad_alloc();
            });
            CHECK_THROWS_AS(pool.reserve(100, 5), std::bad_alloc);
        }
        CHECK(pool.idle(1).count == 0);
        check_idle(pool);
    }
}

TEST_CASE("undo: a batch that fails when the bound on idle bytes is used up")
{
    using bounded_pool = pool_with<pktpool::max_idle_bytes<3000>>;
    bounded_pool pool;
    auto large = pool.acquire(1472);
    pool.reserve(100, 4);
    std::vector<bounded_pool::packet_ptr> batch(5);
    {
        interruption const during(point::allocate, 0, [&] {
            pool.release(std::move(large));
            throw std::bad_alloc();
        });
        CHECK_THROWS_AS(pool.acquire(100, batch), std::bad_alloc);
    }
    CHECK(pool.idle(2).count == 1);
    CHECK(pool.idle(1).count < 4);
    CHECK(pool.idle(1).count > 0);
    CHECK(pool.idle().bytes <= 3000);
    check_idle(pool);
}

TEST_CASE("undo: a failed acquire does not change the peak that its metadata caused")
{
    using pool_type = pool_with<pktpool::return_on_drop, peak_of_one>;
    for (bool const of_one : {true, false}) {
        CAPTURE(of_one);
        pool_type pool;
        pool.reserve(100, 8);
        pool.decay();
        {
            interruption const during(point::made, of_one ? 0 : 1, [&] {
                use(pool, 4);
                throw std::bad_alloc();
            });
            if (of_one) {
                CHECK_THROWS_AS(static_cast<void>(pool.acquire(100)), std::bad_alloc);
            } else {
                std::array<pool_type::packet_ptr, 2> batch;
                CHECK_THROWS_AS(pool.acquire(100, batch), std::bad_alloc);
            }
        }
        CHECK(pool.idle(1).count == 8);
        peak_of_one::peaks.clear();
        pool.decay();
        REQUIRE(peak_of_one::peaks.size() == libtorrent_buckets::buckets.size());
        CHECK(peak_of_one::peaks[1] >= 4);
        CHECK(peak_of_one::peaks[1] <= 6); // including the failed acquires
    }
}

TEST_CASE("undo: without a ceiling every packet is kept, also those acquired by a source")
{
    for (std::size_t out = 0; out < 70; ++out) {
        CAPTURE(out);
        adaptive pool;
        std::vector<adaptive::packet_ptr> held(out);
        pool.acquire(100, held);
        {
            interruption const during(point::allocate, 0,
                                      [&] { held.push_back(pool.acquire(100)); });
            auto another = pool.acquire(100);
            held.push_back(std::move(another));
        }
        CHECK(held.size() == out + 2);
        pool.release(held);
        CHECK(pool.idle(1).count == out + 2);
        CHECK(calling_source::live == out + 2);
    }
}

TEST_CASE("undo: the metadata fill the slab and then throw")
{
    pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, calling_metadata,
                               calling_source>
        slab(100, 2);
    auto idle = slab.alloc();
    std::array held{slab.alloc(), slab.alloc()};
    CHECK(slab.try_push_back(idle));
    {
        interruption const during(point::made, 0, [&] {
            CHECK(slab.try_push_back(held[0]));
            CHECK(slab.try_push_back(held[1]));
            throw std::bad_alloc();
        });
        CHECK_THROWS_AS(static_cast<void>(slab.alloc()), std::bad_alloc);
    }
    CHECK(slab.idle().count == 2);
    CHECK(calling_source::live == 2);
}

TEST_CASE("undo: a packet does not leak if enter() of the slab throws")
{
    {
        pktpool::basic_packet_slab<pktpool::runtime_bucket, closable, calling_metadata,
                                   calling_source>
            slab(100, 2);
        auto p = slab.alloc();
        closable::closed = true;
        CHECK_THROWS_AS(slab.try_push_back(p), std::runtime_error);
        decltype(p) none;
        CHECK_THROWS_AS(slab.try_push_back(none), std::runtime_error);
        closable::closed = false;
        CHECK(calling_source::live == (p ? 1 : 0));
    }
    CHECK(calling_source::live == 0);
}
