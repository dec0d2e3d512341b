// Every operation of a pool and a slab calls Threading::enter exactly once.
#include <array>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "recording.hpp"
#include "reentry.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using entries = std::vector<std::string>;

template <class... Policies>
using pool_with = pktpool::basic_packet_pool<libtorrent_buckets, recording, calling_metadata,
                                             calling_source, Policies...>;
using plain = pool_with<>;
using returning = pool_with<pktpool::return_on_drop>;
using watched = pool_with<pktpool::hardened, pktpool::counted>;
using bounded = pool_with<pktpool::max_idle_bytes<2000>, pktpool::clear_on_release>;

using slab = pktpool::basic_packet_slab<pktpool::runtime_bucket, recording, calling_metadata,
                                        calling_source>;

/// Whether a dropped handle returns to its pool.
template <class Pool>
inline constexpr bool drops_reach_pool =
    std::is_same_v<Pool, returning> || std::is_same_v<Pool, watched>;

/// The entries of an operation that throws.
template <class Use>
entries entries_of_refused(Use use)
{
    return entries_of([&] { CHECK_THROWS_AS(use(), std::logic_error); });
}

} // namespace

TEST_CASE_TEMPLATE("thread checks: every operation of a pool enters exactly once", Pool, plain,
                   returning, watched, bounded)
{
    Pool pool;
    using handle = typename Pool::packet_ptr;
    handle p;
    handle exact;
    handle dropped;
    std::array<handle, 3> batch;
    CHECK(entries_of([&] { p = pool.acquire(100); }) == entries{"acquire()"});
    CHECK(entries_of([&] { exact = pool.acquire(3000); }) == entries{"acquire()"});
    CHECK(entries_of([&] { dropped = pool.template acquire<9>(); }) == entries{"acquire()"});
    CHECK(entries_of([&] { pool.acquire(100, batch); }) == entries{"acquire()"});
    CHECK(entries_of([&] { pool.release(batch); }) == entries{"release()"});
    CHECK(entries_of([&] { pool.acquire(4000, batch); }) == entries{"acquire()"});
    CHECK(entries_of([&] { pool.release(batch); }) == entries{"release()"});
    CHECK(entries_of([&] { pool.release(batch); }) == entries{"release()"}); // null handles
    CHECK(entries_of([&] { pool.release(std::move(p)); }) == entries{"release()"});
    CHECK(entries_of([&] { pool.release(std::move(exact)); }) == entries{"release()"});
    CHECK(entries_of([&] { pool.release(nullptr); }) == entries{"release()"});
    CHECK(entries_of([&] { p = pool.acquire(100); }) == entries{"acquire()"}); // a hit
    CHECK(entries_of([&] { dropped.reset(); }) ==
          (drops_reach_pool<Pool> ? entries{"a dropped handle"} : entries{}));
    CHECK(entries_of([&] { pool.reserve(20, 2); }) == entries{"reserve()"});
    CHECK(entries_of([&] { pool.reserve(20, 0); }) == entries{"reserve()"});
    CHECK(entries_of([&] { pool.decay(); }) == entries{"decay()"});
    CHECK(entries_of([&] { pool.trim(); }) == entries{"trim()"});
    CHECK(entries_of([&] { static_cast<void>(pool.idle()); }) == entries{"idle()"});
    CHECK(entries_of([&] { static_cast<void>(pool.idle(1)); }) == entries{"idle()"});
    if constexpr (requires { pool.statistics(); }) {
        CHECK(entries_of([&] { static_cast<void>(pool.statistics()); }) == entries{"statistics()"});
        CHECK(entries_of([&] { static_cast<void>(pool.outstanding()); }) ==
              entries{"outstanding()"});
    }
}

TEST_CASE_TEMPLATE("thread checks: operations without effect and refused operations enter, too",
                   Pool, plain, returning, watched, bounded)
{
    Pool pool;
    auto p = pool.acquire(100);
    p->size = 100;
    typename Pool::packet_ptr null;
    std::array<typename Pool::packet_ptr, 2> batch;
    CHECK(!entries_of([&] { pool.shrink_to_bucket(p); }).empty());
    CHECK(!entries_of([&] { pool.shrink_to_bucket(null); }).empty());
    CHECK(p->allocated == 548);
    CHECK(entries_of_refused([&] { pool.reserve(1473, 1); }) == entries{"reserve()"});
    CHECK(entries_of_refused([&] { pool.reserve(1, 100); }) == entries{"reserve()"});
    CHECK(entries_of_refused([&] { p = pool.acquire(65536); }) == entries{"acquire()"});
    CHECK(entries_of_refused([&] { pool.acquire(65536, batch); }) == entries{"acquire()"});
    std::vector<typename Pool::packet_ptr> none;
    CHECK(entries_of([&] { pool.acquire(100, none); }) == entries{"acquire()"});
    CHECK(entries_of([&] { pool.release(none); }) == entries{"release()"});
}

TEST_CASE("thread checks: every operation of a slab enters exactly once")
{
    slab s(100, 1);
    slab::packet_ptr p;
    slab::packet_ptr q;
    CHECK(entries_of([&] { p = s.alloc(); }) == entries{"alloc()"});
    q = s.alloc();
    CHECK(entries_of([&] { s.try_push_back(p); }) == entries{"try_push_back()"});
    CHECK(entries_of([&] { s.try_push_back(p); }) == entries{"try_push_back()"}); // null
    CHECK(entries_of([&] { s.try_push_back(q); }) == entries{"try_push_back()"}); // above the limit
    CHECK(entries_of([&] { p = s.alloc(); }) == entries{"alloc()"});
    CHECK(entries_of([&] { static_cast<void>(s.idle()); }) == entries{"idle()"});
    CHECK(entries_of([&] { s.decay(); }) == entries{"decay()"});
    slab other(99);
    q = other.alloc();
    CHECK(entries_of_refused([&] { s.try_push_back(q); }) == entries{"try_push_back()"});
}
