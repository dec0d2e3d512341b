// Sizes of any integer type. Conversion warnings are errors in this file.
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

import pktpool;

namespace {

using returning_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::return_on_drop>;

// A C-style enumeration.
// NOLINTNEXTLINE(cppcoreguidelines-use-enum-class)
enum unscoped : std::uint8_t { some_bytes = 100 };

/// As std::integral_constant, or a strong type of the user.
struct byte_length {
    std::size_t bytes;

    explicit(false) operator std::size_t() const noexcept { return bytes; }
};

template <class Pool, class Size>
void check_size(Size const size)
{
    Pool pool;
    auto p = pool.acquire(size);
    CHECK(p->allocated == 548);
    pool.release(std::move(p));
    std::array<typename Pool::packet_ptr, 2> batch;
    pool.acquire(size, batch);
    CHECK(batch[1]->allocated == 548);
    pool.release(batch);
    pool.reserve(size, 3);
    CHECK(pool.idle(1).count == 3);
    CHECK(pktpool::create_packet(size)->allocated == 100);
    pktpool::packet_slab slab(size);
    CHECK(slab.allocate_size() == 100);
    CHECK(slab.alloc()->allocated == 100);
}

template <class Pool, class Size>
void check_refused(Size const size)
{
    Pool pool;
    std::array<typename Pool::packet_ptr, 2> batch;
    CHECK_THROWS_AS(static_cast<void>(pool.acquire(size)), std::length_error);
    CHECK_THROWS_AS(pool.acquire(size, batch), std::length_error);
    CHECK_THROWS_AS(pool.reserve(size, 1), std::length_error);
    CHECK_THROWS_AS(static_cast<void>(pktpool::create_packet(size)), std::length_error);
    CHECK_THROWS_AS(static_cast<void>(pktpool::packet_slab(size)), std::length_error);
    CHECK(pool.idle().count == 0);
}

template <class Size>
void check_all()
{
    check_size<pktpool::packet_pool>(static_cast<Size>(100));
    check_size<returning_pool>(static_cast<Size>(100));
    if constexpr (std::is_signed_v<Size>) {
        for (Size const negative : {static_cast<Size>(-1), std::numeric_limits<Size>::min()}) {
            check_refused<pktpool::packet_pool>(negative);
            check_refused<returning_pool>(negative);
        }
    }
    if constexpr (std::numeric_limits<Size>::max() > 65535) {
        for (Size const large : {static_cast<Size>(65536), std::numeric_limits<Size>::max()}) {
            check_refused<pktpool::packet_pool>(large);
            check_refused<returning_pool>(large);
        }
    }
}

} // namespace

TEST_CASE("sizes: every integer type converts; negative and too large values are refused")
{
    check_all<signed char>();
    check_all<unsigned char>();
    check_all<short>();
    check_all<unsigned short>();
    check_all<int>();
    check_all<unsigned>();
    check_all<long>();
    check_all<unsigned long>();
    check_all<long long>();
    check_all<unsigned long long>();
}

TEST_CASE("sizes: integers wider than std::size_t are refused, not truncated")
{
    constexpr std::uint64_t large = (std::uint64_t{1} << 32U) + 100;
    check_refused<pktpool::packet_pool>(large);
    check_refused<pktpool::packet_pool>(static_cast<std::int64_t>(large));
    check_refused<pktpool::packet_pool>(-static_cast<std::int64_t>(large));
}

TEST_CASE("sizes: whatever converts to std::size_t")
{
    check_size<pktpool::packet_pool>(some_bytes);
    check_size<pktpool::packet_pool>(std::integral_constant<std::size_t, 100>{});
    check_size<pktpool::packet_pool>(std::integral_constant<int, 100>{});
    check_size<pktpool::packet_pool>(byte_length{100});
    check_refused<pktpool::packet_pool>(byte_length{65536});
    std::vector<int> const hundred(100);
    check_size<pktpool::packet_pool>(hundred.size());
    check_size<pktpool::packet_pool>(hundred.end() - hundred.begin());
}

TEST_CASE("sizes: the message names the size, also a negative one")
{
    pktpool::packet_pool pool;
    int const negative = -7;
    CHECK_THROWS_WITH_AS(static_cast<void>(pool.acquire(negative)), doctest::Contains("65535"),
                         std::length_error);
    CHECK_THROWS_WITH_AS(static_cast<void>(pool.acquire(70000)),
                         doctest::Contains("a packet size of 70000 is above the largest, 65535"),
                         std::length_error);
    CHECK_THROWS_WITH_AS(pool.reserve(1500, 1),
                         doctest::Contains("1500 is above the largest, 1472"), std::length_error);
}

TEST_CASE("sizes: 65535 and 0 of every type that holds them")
{
    pktpool::packet_pool pool;
    CHECK(pool.acquire(65535)->allocated == 65535);
    CHECK(pool.acquire(std::uint16_t{65535})->allocated == 65535);
    CHECK(pool.acquire(std::int64_t{65535})->allocated == 65535);
    CHECK(pool.acquire(0)->allocated == 20);
    CHECK(pool.acquire(std::int8_t{0})->allocated == 20);
    CHECK(pool.acquire<100>()->allocated == 548);
    CHECK(pool.acquire<65535>()->allocated == 65535);
}
