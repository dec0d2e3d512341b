// acquire_missing(): packets for the null handles of a batch.
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <gsl/span>

#include "allocations.hpp"

import pktpool;

namespace {

using counting_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::demand_tracked, pktpool::return_on_drop, pktpool::counted>;
using owned_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_owner,
                               pktpool::return_on_drop, pktpool::hardened, pktpool::counted>;

template <class Pool>
using batch_of = std::vector<typename Pool::packet_ptr>;

template <class Batch>
std::vector<void const*> addresses(Batch const& batch)
{
    std::vector<void const*> result(batch.size());
    std::ranges::transform(batch, result.begin(), [](auto const& p) { return p.get(); });
    return result;
}

} // namespace

TEST_CASE_TEMPLATE("acquire_missing: null handles get packets, the others stay as they are", Pool,
                   pktpool::packet_pool, counting_pool, owned_pool)
{
    Pool pool;
    batch_of<Pool> batch(10);
    pool.acquire_missing(1000, batch);
    auto const first = addresses(batch);
    CHECK(std::ranges::count(first, nullptr) == 0);
    for (auto& p : batch) {
        p->size = 7;
    }
    for (std::size_t const taken : {0U, 1U, 4U, 5U, 9U}) { // runs in front, in between and behind
        pool.release(std::move(batch[taken]));
    }
    pool.acquire_missing(500, batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        bool const is_new = i == 0 || i == 1 || i == 4 || i == 5 || i == 9;
        CAPTURE(i);
        CHECK(batch[i]->allocated == (is_new ? 548 : 1472));
        CHECK(batch[i]->size == (is_new ? 0 : 7));
        CHECK((is_new || batch[i].get() == first[i]));
    }
    auto const second = addresses(batch);
    pool.acquire_missing(500, batch);
    CHECK(addresses(batch) == second);
    pool.release(batch);
}

TEST_CASE(
    "acquire_missing: receives that fill a part of the batch acquire no more than they filled")
{
    counting_pool pool;
    std::array<counting_pool::packet_ptr, 64> batch;
    constexpr std::size_t rounds = 1000;
    constexpr std::size_t received = 3; // per round
    for (std::size_t i = 0; i < rounds; ++i) {
        pool.acquire_missing(1472, gsl::span(batch));
        for (auto& p : std::span(batch).first(received)) {
            pool.release(std::move(p));
        }
    }
    auto const total = pool.statistics().total;
    CHECK(total.misses == batch.size());
    CHECK(total.hits == (rounds - 1) * received);
}

TEST_CASE_TEMPLATE("acquire_missing: without memory nothing is lost", Pool, pktpool::packet_pool,
                   counting_pool, owned_pool)
{
    Pool pool;
    batch_of<Pool> batch(6);
    pool.acquire(1000, batch);
    auto const first = addresses(batch);
    batch[1].reset();
    batch[4].reset();
    batch[5].reset();
    pool.trim();
    {
        failing_heap const heap(2); // the run of one packet succeeds, the run of two does not
        CHECK_THROWS_AS(pool.acquire_missing(1000, batch), std::bad_alloc);
    }
    CHECK(batch[0].get() == first[0]);
    CHECK(batch[1] != nullptr);
    CHECK(batch[2].get() == first[2]);
    CHECK(batch[3].get() == first[3]);
    CHECK(batch[4] == nullptr);
    CHECK(batch[5] == nullptr);
    CHECK(pool.idle().count == 0);
    pool.acquire_missing(1000, batch);
    CHECK(std::ranges::count(addresses(batch), nullptr) == 0);
    pool.release(batch);
}

TEST_CASE("acquire_missing: a size that is too large throws, also if no handle is null")
{
    pktpool::packet_pool pool;
    std::array<pktpool::packet_ptr, 1> batch{pool.acquire(1)};
    CHECK_THROWS_AS(pool.acquire_missing(65536, batch), std::length_error);
    CHECK_THROWS_AS(pool.acquire_missing(-1, batch), std::length_error);
    CHECK(batch[0] != nullptr);
}
