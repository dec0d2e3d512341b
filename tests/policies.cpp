#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

import pktpool;

namespace {

struct tag_metadata {
    int tag = 7;
};

struct same_heap {
    static void* allocate(std::size_t bytes) { return pktpool::heap_source::allocate(bytes); }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        pktpool::heap_source::deallocate(memory, bytes);
    }
};

template <class... Policies>
using pool_with =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::unchecked, Policies...>;

using in_one_order = pool_with<tag_metadata, same_heap, pktpool::fixed_limit>;
using in_another = pool_with<pktpool::fixed_limit, tag_metadata, same_heap>;
using in_a_third = pool_with<same_heap, pktpool::fixed_limit, tag_metadata>;

} // namespace

TEST_CASE_TEMPLATE("policies: the order of the policies does not matter", Pool, in_one_order,
                   in_another, in_a_third)
{
    Pool pool;
    auto p = pool.acquire(1);
    CHECK(p->tag == 7);
    static_assert(std::is_base_of_v<tag_metadata, typename Pool::packet>);
    static_assert(std::is_base_of_v<same_heap, typename Pool::packet_ptr::deleter_type>);
    p->tag = 8;
    pool.release(std::move(p));
    CHECK(pool.acquire(1)->tag == 7);
}

TEST_CASE("policies: the plain names have the default policies")
{
    static_assert(std::is_same_v<pktpool::packet_pool::packet, pktpool::packet>);
    static_assert(std::is_same_v<pktpool::packet_pool::packet_ptr, pktpool::packet_ptr>);
    static_assert(std::is_same_v<pktpool::packet_slab::packet_ptr, pktpool::packet_ptr>);
    static_assert(sizeof(pool_with<same_heap>) == sizeof(pool_with<>));
    static_assert(sizeof(pool_with<same_heap>::packet_ptr) == sizeof(void*));
}
