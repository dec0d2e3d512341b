#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

import pktpool;

namespace {

struct secret_metadata {
    int key = 0;
};

template <class... Policies>
using cleared_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               secret_metadata, pktpool::clear_on_release, Policies...>;

using plain_pool = cleared_pool<>;
using returning_pool = cleared_pool<pktpool::return_on_drop>;

/// Reads idle memory: this source checks every byte of a block that is returned to it.
struct looking_source {
    static inline std::size_t not_zero = 0;

    static void* allocate(std::size_t bytes) { return pktpool::heap_source::allocate(bytes); }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        auto const* const first = static_cast<std::byte const*>(memory);
        not_zero += static_cast<std::size_t>(std::count_if(
            first, first + bytes, [](std::byte each) { return each != std::byte{0}; }));
        pktpool::heap_source::deallocate(memory, bytes);
    }
};

template <class Packet>
void fill(Packet& p, std::size_t bytes)
{
    std::fill_n(p.data(), bytes, std::byte{0x5e});
}

template <class Packet>
bool is_clear(Packet& p, std::size_t bytes)
{
    return std::all_of(p.data(), p.data() + bytes,
                       [](std::byte each) { return each == std::byte{0}; });
}

/// Reads the metadata of a packet that may be idle; AddressSanitizer must not check that.
#if defined(__GNUC__)
__attribute__((no_sanitize_address))
#endif
int key_of(secret_metadata const& p)
{
    return p.key;
}

} // namespace

TEST_CASE_TEMPLATE("clearing: the next user of a packet reads zeros", Pool, plain_pool,
                   returning_pool)
{
    Pool pool;
    auto p = pool.acquire(1472);
    auto const* const first = p.get();
    fill(*p, 1472);
    pool.release(std::move(p));
    p = pool.acquire(1472);
    REQUIRE(p.get() == first);
    CHECK(is_clear(*p, 1472));

    fill(*p, 1472);
    pool.release(std::span(&p, 1));
    pool.acquire(1472, std::span(&p, 1));
    REQUIRE(p.get() == first);
    CHECK(is_clear(*p, 1472));
}

TEST_CASE("clearing: a dropped packet is cleared")
{
    returning_pool pool;
    auto p = pool.acquire(548);
    fill(*p, 548);
    p.reset();
    p = pool.acquire(548);
    CHECK(is_clear(*p, 548));
}

TEST_CASE("clearing: a packet of a slab is cleared")
{
    pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked,
                               pktpool::clear_on_release>
        slab(100);
    auto p = slab.alloc();
    fill(*p, 100);
    slab.try_push_back(p);
    CHECK(is_clear(*slab.alloc(), 100));
}

TEST_CASE_TEMPLATE("clearing: every byte that the source gets back is zero, header included", Pool,
                   cleared_pool<looking_source>,
                   cleared_pool<looking_source, pktpool::return_on_drop>,
                   cleared_pool<looking_source, pktpool::hardened>)
{
    looking_source::not_zero = 0;
    {
        typename Pool::packet_ptr late;
        Pool pool;
        std::array<typename Pool::packet_ptr, 12> many; // more than the limit of the bucket
        pool.acquire(548, many);
        for (auto& p : many) {
            fill(*p, 548);
            p->key = 1;
            p->size = 2;
        }
        late = std::move(many.front());
        pool.release(many);
        pool.decay();
        pool.trim();
        auto exact = pool.acquire(3000);
        fill(*exact, 3000);
    }
    CHECK(looking_source::not_zero == 0);
}

TEST_CASE("clearing: needs no additional bytes")
{
    using other = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                                             secret_metadata>;
    static_assert(sizeof(plain_pool) == sizeof(other));
    static_assert(sizeof(plain_pool::packet) == sizeof(other::packet));
    static_assert(sizeof(plain_pool::packet_ptr) == sizeof(void*));
}

TEST_CASE_TEMPLATE("clearing: the metadata of an idle packet are cleared", Pool, plain_pool,
                   returning_pool)
{
    Pool pool;
    auto p = pool.acquire(100);
    p->key = 1;
    auto const* const idle = p.get();
    pool.release(std::move(p));
    CHECK(key_of(*idle) == 0);
}
