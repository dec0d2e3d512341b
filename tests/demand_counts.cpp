// The counts that a retention policy gets, compared with a model that counts outstanding packets.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <new>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

/// Records the counts of each call, and frees a part of the idle packets. decay() calls it once per
/// bucket, in their order.
template <std::uint32_t Ceiling>
struct recording_retention {
    static constexpr bool tracks_demand = true;
    static inline std::vector<pktpool::slab_counts> counts;
    static inline std::uint32_t divisor = 1;

    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept
    {
        return Ceiling == 0 ? limit : Ceiling;
    }
    static std::uint32_t
    surplus(pktpool::slab_counts const& now) noexcept // NOLINT(bugprone-exception-escape):
                                                      // no failing heap in this test
    {
        counts.push_back(now);
        return now.idle / divisor;
    }
};
using unlimited = recording_retention<pktpool::no_ceiling>;
using limited = recording_retention<0>;

template <class Retention, class... Policies>
using pool_with = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, Retention,
                                             pktpool::return_on_drop, Policies...>;

constexpr std::array<std::size_t, 3> sizes{20, 548, 1472};

/// Performs random operations on a pool, and counts outstanding packets.
template <class Pool, class Retention>
class trial {
public:
    explicit trial(unsigned seed) : random_(seed) {}

    void step()
    {
        auto const bucket = random_() % sizes.size();
        auto& out = out_[bucket];
        auto const some = 1 + random_() % 40;
        switch (random_() % 10) {
        case 0:
            out.push_back(pool_.acquire(sizes[bucket]));
            break;
        case 1:
        case 2: {
            std::vector<typename Pool::packet_ptr> batch(some);
            pool_.acquire(sizes[bucket], batch);
            std::ranges::move(batch, std::back_inserter(out));
            break;
        }
        case 3: {
            std::vector<typename Pool::packet_ptr> batch(some);
            failing_heap const heap(random_() % 4);
            try {
                pool_.acquire(sizes[bucket], batch);
                pool_.release(batch); // the batch was acquired and is now released
                note(bucket, out.size() + some);
                // NOLINTNEXTLINE(bugprone-empty-catch)
            } catch (std::bad_alloc const&) { // a failed acquire is no demand
            }
            break;
        }
        case 4:
        case 5: {
            auto const few = std::min<std::size_t>(some, out.size());
            for (std::size_t i = 0; i < few; ++i) {
                if (i % 2 == 0) {
                    pool_.release(std::move(out.back()));
                }
                out.pop_back(); // a drop, possibly of a null handle
            }
            break;
        }
        case 6:
            pool_.release(out);
            out.clear();
            break;
        case 7:
            pool_.trim();
            break;
        case 8:
            try {
                failing_heap const heap(random_() % 60);
                pool_.reserve(sizes[bucket], some % 10);
                // NOLINTNEXTLINE(bugprone-empty-catch)
            } catch (std::bad_alloc const&) {
                // NOLINTNEXTLINE(bugprone-empty-catch)
            } catch (std::length_error const&) {
            }
            break;
        default: {
            Pool moved = std::move(pool_);
            pool_ = std::move(moved);
        }
        }
        note(bucket, out.size());
    }

    void decay()
    {
        std::array<std::size_t, 3> idle{};
        for (std::size_t i = 0; i < idle.size(); ++i) {
            idle[i] = pool_.idle(i).count;
        }
        Retention::counts.clear();
        Retention::divisor = 1 + random_() % 4;
        pool_.decay();
        REQUIRE(Retention::counts.size() == sizes.size());
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            auto const& counts = Retention::counts[i];
            CHECK(counts.idle == idle[i]);
            CHECK(counts.total == idle[i] + out_[i].size());
            CHECK(counts.most_outstanding == most_[i]);
            CHECK(counts.limit == 10);
            CHECK(pool_.idle(i).count == idle[i] - idle[i] / Retention::divisor);
            most_[i] = out_[i].size();
        }
    }

private:
    void note(std::size_t bucket, std::size_t outstanding)
    {
        most_[bucket] = std::max(most_[bucket], outstanding);
    }

    std::mt19937 random_;
    Pool pool_;
    std::array<std::vector<typename Pool::packet_ptr>, 3> out_;
    std::array<std::size_t, 3> most_{};
};

template <class Pool, class Retention>
void run_trials()
{
    for (unsigned seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        trial<Pool, Retention> one(seed);
        for (int window = 0; window < 12; ++window) {
            for (int i = 0; i < 12; ++i) {
                one.step();
            }
            one.decay();
        }
    }
}

} // namespace

TEST_CASE("demand: a policy gets the most packets outstanding since the last decay")
{
    run_trials<pool_with<unlimited>, unlimited>();
    run_trials<pool_with<limited>, limited>();
    run_trials<pool_with<unlimited, pktpool::max_idle_bytes<9000>>, unlimited>();
    run_trials<
        pool_with<limited, pktpool::max_idle_bytes<5000>, pktpool::hardened, pktpool::counted>,
        limited>();
}

TEST_CASE("demand: a reserve that needs more slots does not change the peak")
{
    pool_with<unlimited> pool;
    unlimited::divisor = 1000; // keeps all packets
    pool.reserve(548, 20);
    pool.decay(); // a new window
    std::vector<pool_with<unlimited>::packet_ptr> burst(18);
    pool.acquire(548, burst);
    pool.release(burst);
    pool.reserve(548, 500);
    unlimited::counts.clear();
    pool.decay();
    REQUIRE(unlimited::counts.size() == sizes.size());
    CHECK(unlimited::counts[1].most_outstanding == 18);
    CHECK(unlimited::counts[1].total == 500);
}
