// shrink_to_bucket with headroom: the used bytes keep their offset in the datagram.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <doctest/doctest.h>

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

using headroom_buckets = pktpool::with_headroom_tailroom<libtorrent_buckets, 10, 20>;
using with_headroom = pktpool::basic_packet_pool<headroom_buckets>;
using adaptive = pktpool::basic_packet_pool<headroom_buckets, single_threaded,
                                            pktpool::demand_tracked, pktpool::return_on_drop>;
using watched = pktpool::basic_packet_pool<headroom_buckets, single_threaded, pktpool::hardened,
                                           pktpool::clear_on_release>;
using head_only =
    pktpool::basic_packet_pool<pktpool::with_headroom_tailroom<libtorrent_buckets, 10, 0>>;

constexpr std::size_t headroom = 10;
constexpr std::array<std::size_t, 3> capacities{20, 548, 1472};

/// A packet of 1472 bytes with numbered bytes, from the start of its datagram.
template <class Pool>
typename Pool::packet_ptr numbered(Pool& pool, std::size_t bytes)
{
    auto p = pool.acquire(1472);
    p->size = static_cast<std::uint16_t>(bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        p->data()[i] = static_cast<std::byte>(i);
    }
    return p;
}

} // namespace

TEST_CASE_TEMPLATE("shrink: headroom from trim_start is kept", Pool, with_headroom, adaptive,
                   watched, head_only)
{
    Pool pool;
    auto p = numbered(pool, 60);
    p->trim_start(40);
    CHECK(p->headroom() == 50);
    CHECK(pool.shrink_to_bucket(p));
    CHECK(p->allocated == 548);
    CHECK(p->headroom() == 50);
    CHECK(p->used().size() == 20);
    CHECK(p->used()[0] == std::byte{40});
    auto const header = p->prepend(40); // a longer header than the one that was removed
    std::ranges::fill(header, std::byte{0xee});
    CHECK(p->used()[39] == std::byte{0xee});
    CHECK(p->used()[40] == std::byte{40});
    CHECK(p->used()[59] == std::byte{59});
    CHECK(p->prepend(10).size() == 10);
    CHECK(p->headroom() == 0);
    pool.release(std::move(p));
}

TEST_CASE("shrink: a bucket whose capacity ends before the used bytes is too small")
{
    with_headroom pool;
    auto p = numbered(pool, 600);
    p->trim_start(590);
    auto const* const same = p.get();
    CHECK_FALSE(pool.shrink_to_bucket(p));
    CHECK(p.get() == same);
    CHECK(p->headroom() == 600);
    p->trim_end(5);
    CHECK_FALSE(pool.shrink_to_bucket(p)); // needs 595 bytes
    p->trim_end(5);
    CHECK_FALSE(pool.shrink_to_bucket(p)); // nothing is used, and 590 bytes can be prepended
    CHECK(p->headroom() == 600);

    p = numbered(pool, 548);
    p->trim_start(540);
    CHECK(pool.shrink_to_bucket(p));
    CHECK(p->allocated == 548);
    CHECK(p->headroom() == 550);
    CHECK(p->used()[7] == static_cast<std::byte>(547 % 256));
}

TEST_CASE_TEMPLATE(
    "shrink: as many bytes can be prepended as before, after any prepend and trim_start", Pool,
    with_headroom, adaptive, watched, head_only)
{
    Pool pool;
    for (std::size_t const bytes : {0U, 5U, 20U, 21U, 40U, 548U, 549U, 900U}) {
        for (std::size_t const prepended : {0U, 3U, 10U}) {
            for (std::size_t const start : {0U, 2U, 10U, 15U, 560U}) {
                for (std::size_t const end : {0U, 1U, 12U, 600U}) {
                    if (start + end > bytes + prepended) {
                        continue;
                    }
                    CAPTURE(bytes);
                    CAPTURE(prepended);
                    CAPTURE(start);
                    CAPTURE(end);
                    auto p = numbered(pool, bytes);
                    std::ranges::fill(p->prepend(prepended), std::byte{0xaa});
                    p->trim_start(start);
                    p->trim_end(end);
                    auto const before = p->headroom();
                    auto const header_size = p->header_size;
                    CHECK(before == headroom - prepended + start);
                    std::array<std::byte, 1000> copy{};
                    auto const used = p->used().size();
                    std::copy_n(p->used().data(), used, copy.data());

                    auto const ends = bytes - std::min(bytes, end); // of the used bytes
                    auto const needed =
                        std::max(ends, start - std::min(start, prepended)); // also when empty
                    auto const bucket = *std::ranges::lower_bound(capacities, needed);
                    CHECK(pool.shrink_to_bucket(p) == (bucket < 1472));
                    CHECK(p->allocated == bucket);
                    CHECK(p->headroom() == before);
                    CHECK(p->header_size == header_size);
                    REQUIRE(p->used().size() == used);
                    CHECK(std::equal(copy.data(), copy.data() + used, p->used().data()));
                    CHECK(p->prepend(before).size() == before);
                    pool.release(std::move(p));
                }
            }
        }
    }
}

TEST_CASE("shrink: the tailroom is that of a packet acquired for the used bytes")
{
    with_headroom pool;
    auto p = numbered(pool, 60);
    p->trim_start(40);
    CHECK(pool.shrink_to_bucket(p));
    CHECK(p->tailroom() == 20);
    CHECK(p->append(20).size() == 20);
}
