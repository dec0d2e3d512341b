// The values of metadata: Metadata{} at acquire, destroyed at release or drop.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include <doctest/doctest.h>

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

template <class... Policies>
using pool_with = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, Policies...>;

/// Without member initialisers: only value-initialisation sets the member.
struct bare {
    unsigned seq, acked;

    bool operator==(bare const&) const = default;
};

/// Returns memory that is not zero.
struct dirty_source {
    static void* allocate(std::size_t bytes)
    {
        return std::memset(pktpool::heap_source::allocate(bytes), 0xbe, bytes);
    }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        pktpool::heap_source::deallocate(memory, bytes);
    }
};

template <class Packet>
bool is_bare_once(Packet& p)
{
    bool const zero = static_cast<bare const&>(p) == bare{};
    p.seq = 0xbebebebe;
    p.acked = 0xbebebebe;
    return zero;
}

/// A class with a destructor of its own has no move: a move copies, and the original keeps what it
/// owns.
struct copied {
    std::shared_ptr<int> owned;

    ~copied() = default;
};

template <class M>
using plain = pool_with<M, dirty_source>;
template <class M>
using returning = pool_with<M, dirty_source, pktpool::return_on_drop>;
template <class M>
using adaptive = pool_with<M, dirty_source, pktpool::return_on_drop, pktpool::demand_tracked>;
template <class M>
using watched = pool_with<M, dirty_source, pktpool::hardened, pktpool::counted>;
template <class M>
using cleared = pool_with<M, dirty_source, pktpool::clear_on_release>;

} // namespace

TEST_CASE_TEMPLATE("metadata: without initialisers every packet has the values of Metadata{}", Pool,
                   plain<bare>, returning<bare>, adaptive<bare>, watched<bare>, cleared<bare>)
{
    Pool pool;
    for (int round = 0; round < 2; ++round) { // a miss, then a hit
        CAPTURE(round);
        auto p = pool.acquire(100);
        auto q = pool.template acquire<20>();
        auto exact = pool.acquire(3000);
        CHECK(is_bare_once(*p));
        CHECK(is_bare_once(*q));
        CHECK(is_bare_once(*exact));
        pool.release(std::move(p));
        pool.release(std::move(q));
        pool.release(std::move(exact));
    }
    pool.reserve(1000, 3);
    std::array<typename Pool::packet_ptr, 5> batch; // three hits and two misses, then five hits
    for (std::size_t const size : {1000U, 1000U, 3000U}) {
        pool.acquire(size, batch);
        CHECK(std::ranges::all_of(batch, [](auto const& p) { return is_bare_once(*p); }));
        pool.release(batch);
    }
    auto p = pool.acquire(1472);
    CHECK(pool.shrink_to_bucket(p));
    p = pool.acquire(1472); // the packet that shrink_to_bucket released
    CHECK(is_bare_once(*p));
}

TEST_CASE("metadata: without initialisers packets of a slab have the values of Metadata{}")
{
    pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, bare, dirty_source>
        slab(100);
    for (int round = 0; round < 2; ++round) { // a miss, then a hit
        CAPTURE(round);
        auto p = slab.alloc();
        CHECK(is_bare_once(*p));
        slab.try_push_back(p);
    }
}

TEST_CASE("metadata: without initialisers create_packet gives the values of Metadata{}")
{
    for (int round = 0; round < 20; ++round) { // the heap returns the same block again
        std::array<pktpool::basic_packet_ptr<bare>, 8> some;
        for (auto& p : some) {
            p = pktpool::create_packet<bare>(500);
            CHECK(is_bare_once(*p));
        }
    }
}

TEST_CASE_TEMPLATE("metadata: a release or drop destroys what they own, also if a move is a copy",
                   Pool, plain<copied>, returning<copied>, adaptive<copied>, watched<copied>,
                   cleared<copied>)
{
    auto const owned = std::make_shared<int>(0);
    Pool pool;
    auto p = pool.acquire(100);
    p->owned = owned;
    pool.release(std::move(p));
    CHECK(owned.use_count() == 1);
    p = pool.acquire(100);
    CHECK(p->owned == nullptr);
    p->owned = owned;
    p.reset();
    CHECK(owned.use_count() == 1);

    std::array<typename Pool::packet_ptr, 12> batch; // ten packets are kept, or all
    pool.acquire(100, batch);
    for (auto& each : batch) {
        each->owned = owned;
    }
    pool.release(batch);
    CHECK(owned.use_count() == 1);

    p = pool.acquire(1472);
    p->owned = owned;
    CHECK(pool.shrink_to_bucket(p));
    CHECK(owned.use_count() == 2);
    p.reset();
    CHECK(owned.use_count() == 1);
}

TEST_CASE("metadata: a release to a slab destroys what they own")
{
    auto const owned = std::make_shared<int>(0);
    pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, copied> slab(100, 1);
    auto p = slab.alloc();
    auto q = slab.alloc();
    p->owned = owned;
    q->owned = owned;
    CHECK(slab.try_push_back(p));
    CHECK_FALSE(slab.try_push_back(q));
    CHECK(owned.use_count() == 1);
}
