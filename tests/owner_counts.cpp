// The counts of a pool with an owner: what other threads give back, and what the owner knows of it.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "elsewhere.hpp"
#include "mailbox.hpp"
#include "reentry.hpp"

import pktpool;

namespace {

template <class... Policies>
using owned = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_owner,
                                         pktpool::counted, Policies...>;
using freeing = owned<>;
using tracking = owned<pktpool::demand_tracked, pktpool::return_on_drop>;

} // namespace

TEST_CASE("owner counts: packets that come back elsewhere count as remote at once")
{
    freeing pool;
    auto kept = acquire(pool, 7);
    auto dropped = acquire(pool, 5);
    auto above = acquire(pool, 3, 5000);
    elsewhere([&] {
        pool.release(std::span(kept).first(6));
        pool.release(std::move(kept[6]));
        dropped.resize(2);
        pool.release(above);
    });
    auto const now = pool.statistics();
    CHECK(now.buckets[2].remote == 7 + 3);
    CHECK(now.buckets[2].drained == 0);
    CHECK(now.buckets[2].outstanding == 2);
    CHECK(now.above.remote == 3);
    CHECK(now.above.outstanding == 0);
    CHECK(now.total.remote == 13);
    CHECK(now.total.outstanding == 2);
    CHECK(now.total.kept + now.total.freed + now.total.drops == 0);
}

TEST_CASE("owner counts: what the owner takes counts as kept, freed and dropped, round by round")
{
    freeing pool;
    for (std::uint64_t round = 1; round <= 3; ++round) {
        CAPTURE(round);
        auto released = acquire(pool, 4);
        auto dropped = acquire(pool, 5);
        auto above = acquire(pool, 6, 5000);
        elsewhere([&] {
            pool.release(released);
            dropped.clear();
            pool.release(std::span(above).first(2));
            above.clear();
        });
        pool.trim();
        auto const now = pool.statistics();
        CHECK(now.buckets[2].kept == 4 * round);
        CHECK(now.buckets[2].freed == 5 * round);
        CHECK(now.buckets[2].drops == 5 * round);
        CHECK(now.above.freed == 6 * round);
        CHECK(now.above.drops == 4 * round);
        CHECK(now.total.remote == 15 * round);
        CHECK(now.total.drained == 15 * round);
        CHECK(now.total.outstanding == 0);
        CHECK(now.total.most_outstanding == 15);
    }
}

TEST_CASE("owner counts: drops that return are counted by the owner")
{
    tracking pool;
    auto packets = acquire(pool, 6);
    elsewhere([&] {
        pool.release(std::span(packets).first(2));
        packets.clear();
    });
    pool.reserve(1000, 0);
    auto const total = pool.statistics().total;
    CHECK(total.kept == 6);
    CHECK(total.drops == 4);
    CHECK(total.drained == 6);
}

TEST_CASE("owner counts: the table and the line have a column for each")
{
    tracking pool;
    auto packets = acquire(pool, 6);
    elsewhere([&] { packets.resize(4); });
    pool.reserve(1000, 0);
    elsewhere([&] { packets.resize(3); });
    auto const line = pool.statistics().to_line();
    CHECK(line.find(" remote=3 drained=2 outstanding=3 ") != std::string::npos);
    auto const later = pool.statistics();
    elsewhere([&] { packets.resize(2); });
    CHECK((pool.statistics() - later).total.remote == 1);
    CHECK((pool.statistics() - later).total.drained == 0);
}

TEST_CASE("owner counts: read in the middle of a reserve, no number is below 0")
{
    owned<pktpool::return_on_drop, calling_source> pool;
    decltype(pool)::packet_ptr p;
    {
        interruption const during(point::allocate, 2, [&] {
            p = pool.acquire(1000); // was idle, but does not count as reserved yet
            CHECK(pool.statistics().total.hits == 1);
            CHECK(pool.statistics().total.idle == 0);
        });
        pool.reserve(1000, 3);
    }
    CHECK(p != nullptr);
    CHECK(pool.statistics().total.idle == pool.idle().count);
}

TEST_CASE("owner counts: read on another thread, no number is below 0")
{
    tracking pool;
    mailbox<tracking::packet_ptr> inbox;
    std::atomic<bool> over{false};
    std::size_t wrong = 0;
    std::thread reader([&] {
        // The numbers may be of different moments, with many packets in between.
        constexpr auto most = std::numeric_limits<std::uint64_t>::max() / 2;
        while (!over) {
            auto const now = pool.statistics();
            wrong += now.total.idle > most || now.total.outstanding > most ||
                             now.total.remote - now.total.drained > most
                         ? 1
                         : 0;
        }
    });
    std::thread giver([&] {
        while (!over) {
            inbox.receive().reset();
        }
    });
    for (int i = 0; i < 20000; ++i) {
        auto p = pool.acquire(1000);
        inbox.send(p);
        pool.release(std::move(p)); // null, if it was sent
        pool.release(pool.acquire(20));
        pool.trim();
    }
    over = true;
    reader.join();
    giver.join();
    while (auto p = inbox.receive()) {}
    CHECK(wrong == 0);
}
