#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

struct throwing_metadata {
    static inline bool throws = false;
    int value = throws ? throw std::runtime_error("no metadata today") : 0;
};

struct owning_metadata {
    std::string text;
};

using throwing_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets,
                                                 pktpool::single_threaded, throwing_metadata>;

} // namespace

TEST_CASE("packet: a new packet has reset metadata and the requested capacity")
{
    for (std::size_t const size : {0U, 1U, 548U, 1472U, 65535U}) {
        auto const p = pktpool::create_packet(size);
        CHECK(p->allocated == size);
        CHECK(p->bucket == pktpool::no_bucket);
        CHECK(p->size == 0);
        CHECK(p->header_size == 0);
        CHECK(p->send_time == std::chrono::steady_clock::time_point{});
        CHECK((p->num_transmissions == 0));
        CHECK_FALSE(bool{p->need_resend});
        CHECK_FALSE(bool{p->mtu_probe});
        CHECK(p->buffer().size() == size);
        CHECK(p->used().empty());
        CHECK(reinterpret_cast<std::uintptr_t>(p->data()) % pktpool::packet_alignment == 0);
    }
}

TEST_CASE("packet: the user may write every byte of the buffer; the header is outside of it")
{
    auto p = pktpool::create_packet(65535);
    p->size = 65535;
    p->header_size = 20;
    std::ranges::fill(p->buffer(), std::byte{0xff});
    CHECK(p->allocated == 65535);
    CHECK(p->header_size == 20);
    CHECK(p->send_time == std::chrono::steady_clock::time_point{});
    CHECK(p->used().data() == p->data());
    CHECK(p->used().size() == 65535);
    CHECK(p->payload().data() == p->data() + 20);
    CHECK(p->payload().size() == 65515);

    auto const& read_only = *p;
    CHECK(read_only.data() == p->data());
    CHECK(read_only.used().size() == 65535);
    CHECK(read_only.payload().size() == 65515);
    CHECK(std::span(read_only.payload().data(), 1)[0] == std::byte{0xff});
}

TEST_CASE("packet: the bit fields of the metadata do not overlap")
{
    auto p = pktpool::create_packet(1);
    p->num_transmissions = 63;
    CHECK_FALSE(bool{p->need_resend});
    CHECK_FALSE(bool{p->mtu_probe});
    p->mtu_probe = true;
    CHECK((p->num_transmissions == 63));
    CHECK_FALSE(bool{p->need_resend});
    p->reset();
    CHECK((p->num_transmissions == 0));
    CHECK_FALSE(bool{p->mtu_probe});
    CHECK(p->allocated == 1);
    CHECK(p->bucket == pktpool::no_bucket);
}

TEST_CASE("packet: the deleter frees the packet and accepts null")
{
    auto const before = live_allocations();
    pktpool::packet_deleter{}(pktpool::create_packet(100).release());
    pktpool::packet_deleter{}(nullptr);
    CHECK(live_allocations() == before);
}

TEST_CASE("packet: without memory create_packet throws and leaks nothing")
{
    auto const before = live_allocations();
    {
        failing_heap const out(0);
        CHECK_THROWS_AS(static_cast<void>(pktpool::create_packet(100)), std::bad_alloc);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("packet: metadata that throw leak no memory and no packet")
{
    throwing_pool pool;
    auto const before = live_allocations();
    throwing_metadata::throws = true;
    CHECK_THROWS_AS(static_cast<void>(pool.acquire(1)), std::runtime_error);
    CHECK_THROWS_AS(static_cast<void>(pool.acquire(2000)), std::runtime_error);
    throwing_metadata::throws = false;
    CHECK(live_allocations() <= before + 1); // the exception object may still be cached

    pool.release(pool.acquire(1));
    throwing_metadata::throws = true;
    CHECK_THROWS_AS(static_cast<void>(pool.acquire(1)), std::runtime_error);
    throwing_metadata::throws = false;
    CHECK(pool.idle().count == 1);
}

TEST_CASE("packet: a release destroys what the metadata own")
{
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               owning_metadata>
        pool;
    auto p = pool.acquire(1);
    auto const before = live_allocations();
    p->text.assign(1000, 'x');
    CHECK(live_allocations() == before + 1);
    pool.release(std::move(p));
    CHECK(live_allocations() == before);
    CHECK(pool.acquire(1)->text.empty());
}

TEST_CASE("packet: the free of a packet destroys what the metadata own")
{
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               owning_metadata>
        pool;
    auto const before = live_allocations();
    for (std::size_t const size : {1U, 5000U}) {
        auto p = pool.acquire(size);
        p->text.assign(1000, 'x');
    }
    CHECK(live_allocations() == before);
}

namespace {
struct small_metadata {
    int tag = 7;
};
} // namespace

TEST_CASE("packet: the buffer is aligned for every size of the metadata")
{
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               small_metadata>
        pool;
    static_assert(alignof(decltype(pool)::packet) == pktpool::packet_alignment);
    auto const p = pool.acquire(1);
    CHECK(reinterpret_cast<std::uintptr_t>(p->data()) % pktpool::packet_alignment == 0);
}
