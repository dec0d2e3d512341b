// The interface uses std::span: it accepts every contiguous range of bytes or handles, and
// returns spans.
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <gsl/span>

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

using returning_pool =
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, pktpool::return_on_drop>;
using headroom_pool =
    pktpool::basic_packet_pool<pktpool::with_headroom_tailroom<libtorrent_buckets, 10, 20>>;

std::size_t bytes_of(std::span<std::byte> bytes)
{
    return bytes.size();
}
std::size_t constant_bytes_of(std::span<std::byte const> bytes)
{
    return bytes.size();
}
std::size_t gsl_bytes_of(gsl::span<std::byte const> bytes)
{
    return bytes.size();
}

/// Gives the batch as an array, a vector, or a slice that is a temporary.
template <class Pool, class Batch>
// NOLINTNEXTLINE(cppcoreguidelines-missing-std-forward)
void check_batch(Pool& pool, Batch&& batch, std::size_t packets)
{
    auto const idle = pool.idle(1).count;
    pool.acquire(100, batch);
    pool.release(batch);
    CHECK(pool.idle(1).count == std::max(idle, packets));
}

} // namespace

TEST_CASE("spans: bytes of a packet convert to std::span and gsl::span")
{
    headroom_pool pool;
    auto const p = pool.acquire(100);
    auto const& constant = *p;
    p->size = 50;
    p->header_size = 8;
    CHECK(bytes_of(p->buffer(60)) == 60);
    CHECK(bytes_of(p->used()) == 50);
    CHECK(bytes_of(p->payload()) == 42);
    CHECK(bytes_of(p->prepend(10)) == 10);
    CHECK(bytes_of(p->append(20)) == 20);
    CHECK(constant_bytes_of(p->used()) == 80);
    CHECK(constant_bytes_of(constant.used()) == 80);
    CHECK(constant_bytes_of(constant.payload()) == 62);
    CHECK(gsl_bytes_of(constant.used()) == 80);
    static_assert(std::is_same_v<decltype(p->used()), std::span<std::byte>>);
    static_assert(std::is_same_v<decltype(p->buffer(1)), std::span<std::byte>>);
    static_assert(std::is_same_v<decltype(p->payload()), std::span<std::byte>>);
    static_assert(std::is_same_v<decltype(p->prepend(1)), std::span<std::byte>>);
    static_assert(std::is_same_v<decltype(p->append(1)), std::span<std::byte>>);
    static_assert(std::is_same_v<decltype(constant.used()), std::span<std::byte const>>);
}

TEST_CASE_TEMPLATE("spans: a batch may be an array, a vector, or a slice of either kind of span",
                   Pool, pktpool::packet_pool, returning_pool)
{
    using handle = typename Pool::packet_ptr;
    Pool pool;
    std::array<handle, 4> array;
    std::vector<handle> vector(5);
    handle plain[3]; // NOLINT(modernize-avoid-c-arrays): a C array
    check_batch(pool, array, 4);
    check_batch(pool, vector, 5);
    check_batch(pool, plain, 3);
    check_batch(pool, std::span(vector), 5);
    check_batch(pool, std::span(vector).first(3), 3);
    check_batch(pool, std::span(array).template first<2>(), 2);
    check_batch(pool, std::span(plain).subspan(1), 2);
    check_batch(pool, gsl::span<handle>(vector), 5);
    check_batch(pool, gsl::span<handle>(vector).subspan(2, 2), 2);
    check_batch(pool, gsl::span<handle>(array).template first<3>(), 3);
    check_batch(pool, std::span<handle>(), 0);

    pool.acquire(100, vector); // handles outside of the slice are unchanged
    pool.release(std::span(vector).first(2));
    CHECK(vector[1] == nullptr);
    CHECK(vector[2] != nullptr);
    pool.release(gsl::span<handle>(vector).last(2));
    CHECK(vector[2] != nullptr);
    CHECK(vector[3] == nullptr);
}

TEST_CASE_TEMPLATE("spans: of a temporary slice every handle is filled, and no other is", Pool,
                   pktpool::packet_pool, returning_pool)
{
    using handle = typename Pool::packet_ptr;
    Pool pool;
    std::vector<handle> vector(5);
    pool.acquire(100, gsl::span<handle>(vector).subspan(1, 3));
    CHECK(vector[0] == nullptr);
    for (std::size_t const i : {1U, 2U, 3U}) {
        CAPTURE(i);
        CHECK(vector[i] != nullptr);
    }
    CHECK(vector[4] == nullptr);
}
