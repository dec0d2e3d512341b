// single_owner: one thread acquires, any thread gives packets back.
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

using pktpool::counted;
using pktpool::demand_tracked;
using pktpool::libtorrent_buckets;
using pktpool::return_on_drop;
using pktpool::single_owner;

template <class... Policies>
using owned = pktpool::basic_packet_pool<libtorrent_buckets, single_owner, counted, Policies...>;

template <class Use>
void elsewhere(Use use)
{
    std::thread(std::move(use)).join();
}

} // namespace

TEST_CASE("owner: a packet that is released on another thread is acquired again")
{
    owned<> pool;
    auto p = pool.acquire(1000);
    auto* const address = p.get();
    elsewhere([&] { pool.release(std::move(p)); });
    CHECK(pool.idle(2).count == 1);
    CHECK(pool.statistics().total.outstanding == 0);
    p = pool.acquire(1000);
    CHECK(p.get() == address);
    CHECK(pool.idle(2).count == 0);
}
