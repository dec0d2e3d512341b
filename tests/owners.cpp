// Metadata that own packets of their pool: connections, fragments, chains.
#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

/// A class with a destructor of its own has no move: a move makes a second owner.
struct owning {
    std::shared_ptr<void> owned;

    ~owning() = default;
};

template <class... Policies>
using pool_with =
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, owning, Policies...>;
using plain = pool_with<>;
using returning = pool_with<pktpool::return_on_drop>;
using adaptive = pool_with<pktpool::return_on_drop, pktpool::demand_tracked>;
using watched = pool_with<pktpool::hardened, pktpool::counted, pktpool::clear_on_release>;
using locked =
    pktpool::basic_packet_pool<libtorrent_buckets, pktpool::synchronized<std::recursive_mutex>,
                               owning, pktpool::return_on_drop>;
using locked_plain =
    pktpool::basic_packet_pool<libtorrent_buckets, pktpool::synchronized<>, owning>;

/// Its packets return to the pool when the last reference is destroyed.
template <class Pool>
class connection {
public:
    connection(Pool& pool, std::size_t packets) : pool_(pool), queued_(packets)
    {
        pool_.acquire(100, queued_);
    }
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;
    ~connection() { pool_.release(queued_); }

private:
    Pool& pool_;
    std::vector<typename Pool::packet_ptr> queued_;
};

/// Whether a drop returns the packet. A release keeps ten packets or all.
template <class Pool>
inline constexpr bool returns = std::is_same_v<Pool, returning> || std::is_same_v<Pool, adaptive> ||
                                std::is_same_v<Pool, locked>;
template <class Pool>
inline constexpr bool keeps_all = std::is_same_v<Pool, adaptive>;

/// Number of different packets.
template <class Pool>
std::size_t distinct(std::vector<typename Pool::packet_ptr> const& handles)
{
    std::set<void const*> packets;
    for (auto const& p : handles) {
        packets.insert(p.get());
    }
    return packets.size();
}

/// The last of `length` packets, each of which owns the one before it.
template <class Pool>
typename Pool::packet_ptr chain(Pool& pool, std::size_t length)
{
    auto last = pool.acquire(100);
    for (std::size_t i = 1; i < length; ++i) {
        auto next = pool.acquire(100);
        next->owned = std::make_shared<typename Pool::packet_ptr>(std::move(last));
        last = std::move(next);
    }
    return last;
}

} // namespace

TEST_CASE_TEMPLATE("owners: a connection ends with its last packet, and its packets return", Pool,
                   plain, returning, adaptive, watched, locked, locked_plain)
{
    Pool pool;
    auto owner = std::make_shared<connection<Pool>>(pool, 7);
    auto p = pool.acquire(100);
    p->owned = std::move(owner);
    pool.release(std::move(p));
    CHECK(pool.idle(1).count == 8);
    std::vector<typename Pool::packet_ptr> batch(11);
    pool.acquire(100, batch);
    CHECK(distinct<Pool>(batch) == 11);
    CHECK(pool.idle(1).count == 0);
}

TEST_CASE_TEMPLATE("owners: a connection may end with any packet of a batch", Pool, plain,
                   returning, adaptive, watched, locked, locked_plain)
{
    for (std::size_t const last : {0U, 2U, 4U}) {
        CAPTURE(last);
        auto const before = live_allocations();
        {
            Pool pool;
            std::vector<typename Pool::packet_ptr> batch(5);
            pool.acquire(100, batch);
            batch[last]->owned = std::make_shared<connection<Pool>>(pool, 7);
            pool.release(batch);
            auto const idle = pool.idle(1).count;
            CHECK(idle == (keeps_all<Pool> ? 12 : 10));
            batch = std::vector<typename Pool::packet_ptr>(idle + 3);
            pool.acquire(100, batch);
            CHECK(distinct<Pool>(batch) == idle + 3);
        }
        CHECK(live_allocations() == before);
    }
}

TEST_CASE_TEMPLATE("owners: a connection may end when its packet is dropped", Pool, plain,
                   returning, adaptive, watched, locked, locked_plain)
{
    auto const before = live_allocations();
    {
        Pool pool;
        auto p = pool.acquire(100);
        p->owned = std::make_shared<connection<Pool>>(pool, 7);
        p.reset();
        CHECK(pool.idle(1).count >= 7);
        std::vector<typename Pool::packet_ptr> batch(11);
        pool.acquire(100, batch);
        CHECK(distinct<Pool>(batch) == 11);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE_TEMPLATE("owners: a chain of packets is given back within one operation", Pool, plain,
                   returning, adaptive, watched, locked, locked_plain)
{
    for (std::size_t const length : {3U, 10U, 25U}) {
        CAPTURE(length); // allocates at its first use
        auto const before = live_allocations();
        {
            Pool pool;
            auto const idle_after = [&pool] {
                auto const count = pool.idle(1).count;
                std::vector<typename Pool::packet_ptr> batch(count + 1);
                pool.acquire(100, batch);
                CHECK(distinct<Pool>(batch) == count + 1);
                pool.release(batch);
                return count;
            };
            pool.release(chain(pool, length));
            CHECK(idle_after() > 0);
            pool.trim();
            CHECK(pool.idle(1).count == 0);

            chain(pool, length).reset();
            pool.decay();
            static_cast<void>(idle_after());

            std::array<typename Pool::packet_ptr, 2> batch{chain(pool, length),
                                                           chain(pool, length)};
            pool.release(batch);
            CHECK(idle_after() > 0);
            batch[0] = chain(pool, length);
            pool.acquire(100, batch); // drops the handle first
            CHECK(batch[0] != nullptr);
            pool.trim();
        }
        CHECK(live_allocations() == before);
    }
}

TEST_CASE_TEMPLATE("owners: a chain longer than the limits is freed as far as it exceeds them",
                   Pool, plain, returning, adaptive, watched, locked, locked_plain)
{
    auto const before = live_mallocs();
    Pool pool;
    pool.release(chain(pool, 25));
    if constexpr (keeps_all<Pool>) {
        CHECK(pool.idle(1).count == 25);
    } else if constexpr (!returns<Pool>) {
        CHECK(pool.idle(1).count == 1); // the others were dropped, and so freed
    } else {
        CHECK(pool.idle(1).count == 10);
    }
    // Elsewhere heap_source does not call malloc.
    if constexpr (alignof(std::max_align_t) >= pktpool::packet_alignment) {
        CHECK(live_mallocs() == before + pool.idle(1).count);
    }
}

TEST_CASE_TEMPLATE("owners: a chain of 1000 packets returns", Pool, plain, returning, adaptive,
                   watched, locked, locked_plain)
{
    auto const before = live_allocations();
    {
        Pool pool;
        pool.release(chain(pool, 1000));
        chain(pool, 1000).reset();
        std::array<typename Pool::packet_ptr, 1> one{chain(pool, 1000)};
        pool.release(one);
        pool.decay();
        auto late = chain(pool, 1000);
        Pool moved = std::move(pool);
        moved = Pool();
        late.reset(); // outlives its pool
    }
    CHECK(live_allocations() == before);
}
