// Policies that just satisfy the concepts.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

struct one_bucket {
    static constexpr std::array buckets{pktpool::bucket{.size = 100, .limit = 3}};
};

/// A source without a default: the program has to name the resource.
class named_source {
public:
    explicit named_source(std::size_t& bytes) noexcept : bytes_(&bytes) {}

    void* allocate(std::size_t bytes)
    {
        void* const memory = pktpool::heap_source::allocate(bytes);
        *bytes_ += bytes;
        return memory;
    }
    void deallocate(void* memory, std::size_t bytes) noexcept
    {
        *bytes_ -= bytes;
        pktpool::heap_source::deallocate(memory, bytes);
    }
    bool operator==(named_source const&) const = default;

private:
    std::size_t* bytes_;
};
static_assert(!std::is_default_constructible_v<named_source>);

/// A retention policy that owns something: it can be moved, not copied.
class owning_retention {
public:
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
    std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        if (!decays_) {
            decays_ = std::make_unique<std::uint32_t>(0);
        }
        return ++*decays_ < 2 ? 0 : counts.idle;
    }

private:
    std::unique_ptr<std::uint32_t> decays_;
};

/// Its default constructor is explicit, so `= {}` does not compile.
struct explicit_metadata {
    int answer = 42;

    explicit explicit_metadata() = default;
};

template <class... Policies>
using pool_with = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, Policies...>;

/// Acquires and gives back in every way.
template <class Pool>
void use(Pool& pool)
{
    auto p = pool.acquire(100);
    auto q = pool.template acquire<3000>();
    std::vector<typename Pool::packet_ptr> kept;
    kept.push_back(pool.acquire(1472));
    kept.back()->size = 1;
    CHECK(pool.shrink_to_bucket(kept.back()));
    pool.release(kept);
    pool.release(std::move(p));
    pool.release(std::move(q));
    pool.reserve(1, 3);
    pool.decay();
    Pool moved = std::move(pool);
    pool = std::move(moved);
    pool.trim();
    CHECK(pool.idle().count == 0);
}

} // namespace

TEST_CASE_TEMPLATE("unusual policies: a source without a default constructor", Pool,
                   pool_with<named_source>, pool_with<named_source, pktpool::return_on_drop>,
                   pool_with<named_source, pktpool::hardened, pktpool::counted>)
{
    std::size_t bytes = 0;
    {
        Pool pool{named_source(bytes)};
        static_assert(!std::is_default_constructible_v<Pool>);
        auto p = pool.acquire(100);
        CHECK(bytes >= 548);
        pool.release(std::move(p));
        use(pool);
        p = pool.acquire(3000);
    }
    CHECK(bytes == 0);
}

TEST_CASE("unusual policies: a source without a default constructor, in a slab")
{
    std::size_t bytes = 0;
    {
        pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, named_source> slab(
            100, 3, named_source(bytes));
        pktpool::basic_packet_slab<one_bucket, pktpool::unchecked, named_source> constant{
            named_source(bytes)};
        auto p = slab.alloc();
        auto q = constant.alloc();
        CHECK(bytes > 200);
        CHECK(slab.try_push_back(p));
        CHECK(constant.try_push_back(q));
        auto const moved = std::move(slab);
        auto const moved_constant = std::move(constant);
        CHECK(moved.idle().count == 1);
        CHECK(moved_constant.idle().count == 1);
    }
    CHECK(bytes == 0);
}

TEST_CASE_TEMPLATE("unusual policies: a retention policy that can only be moved", Pool,
                   pool_with<owning_retention>,
                   pool_with<owning_retention, pktpool::return_on_drop>)
{
    auto const before = live_allocations();
    {
        Pool pool;
        use(pool);
        pool.reserve(100, 2);
        pool.decay();
        Pool moved = std::move(pool);
        CHECK(moved.idle(1).count == 0); // the second decay, after the one in use()
        moved.reserve(100, 2);
        moved.decay();
        CHECK(moved.idle(1).count == 0);
        pool.reserve(100, 2);
        pool.decay(); // its first decay
        CHECK(pool.idle(1).count == 2);
        pool = std::move(moved);
        pool.reserve(100, 1);
        pool.decay();
        CHECK(pool.idle(1).count == 0);
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("unusual policies: a retention policy that can only be moved, in a slab")
{
    pktpool::basic_packet_slab<one_bucket, pktpool::unchecked, owning_retention> slab;
    auto p = slab.alloc();
    slab.try_push_back(p);
    slab.decay();
    auto moved = std::move(slab);
    moved.decay();
    CHECK(moved.idle().count == 0);
}

TEST_CASE_TEMPLATE("unusual policies: metadata whose default constructor is explicit", Pool,
                   pool_with<explicit_metadata>,
                   pool_with<explicit_metadata, pktpool::clear_on_release>,
                   pool_with<explicit_metadata, pktpool::clear_on_release, pktpool::return_on_drop>,
                   pool_with<explicit_metadata, pktpool::hardened, pktpool::clear_on_release>)
{
    Pool pool;
    for (int round = 0; round < 2; ++round) {
        auto p = pool.acquire(100);
        CHECK(p->answer == 42);
        p->answer = 1;
        p->size = 3;
        p->reset();
        CHECK(p->answer == 42);
        CHECK(p->size == 0);
        p->answer = 1;
        pool.release(std::move(p));
    }
    std::array<typename Pool::packet_ptr, 3> batch;
    pool.acquire(100, batch);
    CHECK(batch[2]->answer == 42);
    CHECK(pktpool::create_packet<explicit_metadata>(1)->answer == 42);
}

namespace {

/// A simulated clock: it changes only when it is set.
struct simulated_clock {
    using rep = std::int64_t;
    using period = std::micro;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<simulated_clock>;
    [[maybe_unused]] static constexpr bool is_steady = true;

    static inline duration since_start{};
    static time_point now() noexcept { return time_point(since_start); }
};

} // namespace

TEST_CASE("unusual policies: uTP metadata with a clock of the program")
{
    using metadata = pktpool::basic_utp_metadata<simulated_clock>;
    pool_with<metadata> pool;
    auto p = pool.acquire(100);
    CHECK(p->send_time == simulated_clock::time_point());
    simulated_clock::since_start = std::chrono::milliseconds(5);
    p->send_time = simulated_clock::now();
    p->num_transmissions = 3;
    p->need_resend = true;
    CHECK(simulated_clock::now() - p->send_time == simulated_clock::duration(0));
    pool.release(std::move(p));
    p = pool.acquire(100);
    CHECK(p->send_time == simulated_clock::time_point());
    CHECK((p->num_transmissions == 0));
    static_assert(std::is_same_v<decltype(p->send_time), simulated_clock::time_point>);
    static_assert(std::is_same_v<pktpool::utp_metadata,
                                 pktpool::basic_utp_metadata<std::chrono::steady_clock>>);
    static_assert(std::is_same_v<pktpool::utp_metadata, pktpool::basic_utp_metadata<>>);
    static_assert(sizeof(pool_with<metadata>::packet) == sizeof(pktpool::packet));
}
