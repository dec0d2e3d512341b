#include <memory>
#include <mutex>
#include <source_location>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "allocations.hpp"
#include "child.hpp"

import pktpool;

namespace {

template <class Use>
void on_another_thread(Use use)
{
    std::thread(std::move(use)).join();
}

using returning_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::return_on_drop>;

/// Admits every thread, one at a time.
class locked {
public:
    std::unique_lock<std::mutex> enter(std::string_view, std::source_location)
    {
        return std::unique_lock(mutex_);
    }
    static void detach() noexcept {}

private:
    std::mutex mutex_;
};
using locked_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, locked,
                                               pktpool::demand_tracked, pktpool::return_on_drop>;

/// Records the operations, and whether it is destroyed while an operation runs.
class watched {
    struct leave {
        void operator()(int* inside) const noexcept { --*inside; }
    };

public:
    static inline std::vector<std::string> entries;
    static inline int destroyed = 0;
    static inline int destroyed_in_use = 0;

    watched() = default;
    watched(watched const&) = delete;
    watched& operator=(watched const&) = delete;
    ~watched()
    {
        ++destroyed;
        destroyed_in_use += inside_ == 0 ? 0 : 1;
    }

    std::unique_ptr<int, leave> enter(std::string_view operation, std::source_location)
    {
        entries.emplace_back(operation);
        ++inside_;
        return std::unique_ptr<int, leave>(&inside_);
    }
    static void detach() noexcept {}

private:
    int inside_ = 0;
};
using watched_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, watched, pktpool::return_on_drop>;

bool contains(std::string const& text, std::string const& part)
{
    return text.find(part) != std::string::npos;
}

/// The text between the two, or nothing.
std::string between(std::string const& text, std::string const& before, std::string const& after)
{
    auto const begin = text.find(before);
    if (begin == std::string::npos) {
        return {};
    }
    auto const first = begin + before.size();
    return text.substr(first, text.find(after, first) - first);
}

} // namespace

TEST_CASE("threading: a use from another thread ends the program with a report of both threads")
{
    for (auto const& [which, operation] : {
             std::pair{"acquire", "acquire()"},
             {"acquire_static", "acquire()"},
             {"release", "release()"},
             {"decay", "decay()"},
             {"move", "a move from a pool"},
             {"move_assign", "a move to a pool"},
             {"slab", "decay()"},
             {"drop", "a dropped handle"},
             {"release_returning", "release()"},
             {"idle", "idle()"},
             {"idle_of_bucket", "idle()"},
             {"slab_alloc", "alloc()"},
             {"slab_push", "try_push_back()"},
             {"slab_move", "a move from a slab"},
             {"release_batch_returning", "release()"},
             {"move_returning", "a move from a pool"},
             {"move_assign_returning", "a move to a pool"},
             {"batch", "acquire()"},
             {"release_batch", "release()"},
             {"reserve", "reserve()"},
             {"trim", "trim()"},
             {"coroutine", "decay()"}, // the compiler must not cache the thread across a suspension
             {"second_thread", "decay()"},
             {"slab_idle", "idle()"},
             {"release_null", "release()"},
             {"release_null_returning", "release()"},
             {"shrink_nothing", "shrink_to_bucket()"},
             {"reserve_too_much", "reserve()"},
             {"move_assign_from", "a move from a pool"},
             {"move_assign_from_returning", "a move from a pool"},
         }) {
        CAPTURE(std::string(which));
        auto const child = run_child(std::string(MISUSE " ") + which);
        CAPTURE(child.output);
        CHECK_FALSE(child.succeeded);
        CHECK_FALSE(contains(child.output, "survived"));
        CHECK(contains(child.output, std::string("pktpool: ") + operation + " on thread "));
        auto const self = between(child.output, " on thread ", ", but ");
        auto const owner = between(child.output, "the owner is thread ", ". ");
        CHECK(!self.empty());
        CHECK(!owner.empty());
        CHECK(self != owner);
        bool const gives_back =
            operation == std::string("release()") || operation == std::string("a dropped handle");
        CHECK(contains(child.output, gives_back ? "single_owner" : "call detach() before"));
    }
}

TEST_CASE("threading: with single_owner another thread is reported when it does more than release")
{
    for (auto const& [which, operation] : {
             std::pair{"owner_acquire", "acquire()"},
             {"owner_batch", "acquire()"},
             {"owner_missing", "acquire()"},
             {"owner_decay", "decay()"},
             {"owner_trim", "trim()"},
             {"owner_reserve", "reserve()"},
             {"owner_shrink", "shrink_to_bucket()"},
             {"owner_idle", "idle()"},
             {"owner_move", "a move from a pool"},
         }) {
        CAPTURE(std::string(which));
        auto const child = run_child(std::string(MISUSE " ") + which);
        CAPTURE(child.output);
        CHECK_FALSE(child.succeeded);
        CHECK(contains(child.output, std::string("pktpool: ") + operation + " on thread "));
        CHECK(contains(child.output, "Other threads may only release and drop"));
        CHECK(contains(child.output, "misuse.cpp:"));
        auto const owner = between(child.output, "the owner is thread ", ". ");
        CHECK(!owner.empty());
        CHECK(owner != "0");
        CHECK(between(child.output, " on thread ", ", but ") != owner);
    }
}

TEST_CASE("threading: the report names the call site")
{
    for (auto const* which : {"acquire",
                              "acquire_static",
                              "release",
                              "decay",
                              "slab",
                              "release_returning",
                              "idle",
                              "idle_of_bucket",
                              "slab_alloc",
                              "slab_push",
                              "release_batch_returning",
                              "batch",
                              "release_batch",
                              "reserve",
                              "trim",
                              "slab_idle",
                              "release_null",
                              "release_null_returning",
                              "shrink_nothing",
                              "reserve_too_much"}) {
        CAPTURE(std::string(which));
        CHECK(contains(run_child(std::string(MISUSE " ") + which).output, "misuse.cpp:"));
    }
}

TEST_CASE("threading: after detach the next thread to use the pool becomes its owner")
{
    pktpool::packet_pool pool;
    pool.release(pool.acquire(1));
    pool.detach();
    on_another_thread([&] {
        pool.release(pool.acquire(1));
        pool.detach();
    });
    pool.decay();
    CHECK(pool.idle().count == 0);
}

TEST_CASE("threading: after a move the next thread to use the pool becomes its owner")
{
    pktpool::packet_pool pool;
    pool.release(pool.acquire(1));
    on_another_thread([moved = std::move(pool)]() mutable { moved.decay(); });

    pktpool::packet_pool assigned;
    assigned.decay();
    assigned = pktpool::packet_pool();
    on_another_thread([&] { assigned.decay(); });
}

TEST_CASE("threading: a pool may be constructed on one thread and used on another")
{
    pktpool::packet_pool pool;
    on_another_thread([&] {
        pool.release(pool.acquire(1));
        pool.detach();
    });
    CHECK(pool.idle().count == 1);
}

TEST_CASE("threading: a handle that outlives its pool may be dropped by any thread")
{
    auto const before = live_allocations();
    auto pool = std::make_unique<returning_pool>();
    auto p = pool->acquire(100);
    on_another_thread([destroyed = std::move(pool)]() mutable { destroyed.reset(); });
    on_another_thread([&] { p.reset(); });
    CHECK(live_allocations() == before);
}

TEST_CASE("threading: a policy of the user covers drops and the destructor of the pool")
{
    auto const before = live_allocations();
    for (int round = 0; round < 50; ++round) {
        auto pool = std::make_unique<locked_pool>();
        std::vector<locked_pool::packet_ptr> out(64);
        pool->acquire(100, out);
        std::thread other([&] { out.clear(); });
        pool->release(pool->acquire(100));
        pool->decay();
        pool.reset();
        other.join();
    }
    CHECK(live_allocations() == before);
}

TEST_CASE("threading: unchecked admits every thread, one at a time")
{
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::unchecked> pool;
    auto p = pool.acquire(1);
    on_another_thread([&] { pool.release(std::move(p)); });
    pool.detach();
    CHECK(pool.idle().count == 1);
}

TEST_CASE("threading: the report names the owner, and no call site if none is known")
{
    auto const child = run_child(MISUSE " drop");
    CHECK(contains(child.output, "a dropped handle on thread "));
    CHECK_FALSE(contains(child.output, "non-executing"));
    CHECK_FALSE(contains(child.output, ":0]"));
}

TEST_CASE("threading: detach and moves of slabs and of pools with return_on_drop")
{
    pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::single_threaded> slab(100);
    slab.decay();
    slab.detach();
    on_another_thread([&] { slab.decay(); });

    returning_pool pool;
    pool.release(pool.acquire(1));
    on_another_thread([moved = std::move(pool)]() mutable { moved.decay(); });
}

TEST_CASE(
    "threading: the destructor of a pool enters; the policy is destroyed after every operation")
{
    auto pool = std::make_unique<watched_pool>();
    auto first = pool->acquire(1);
    auto last = pool->acquire(5000);
    watched::entries.clear();
    watched::destroyed = 0;
    pool.reset();
    first.reset();
    CHECK(watched::destroyed == 0);
    last.reset(); // deletes the core
    CHECK(watched::entries ==
          std::vector<std::string>{"the destructor", "a dropped handle", "a dropped handle"});
    CHECK(watched::destroyed == 1);

    pool = std::make_unique<watched_pool>();
    pool->release(pool->acquire(1));
    pool.reset(); // nothing is outstanding
    CHECK(watched::destroyed == 2);
    CHECK(watched::destroyed_in_use == 0);
}

TEST_CASE("threading: the report allocates nothing")
{
    auto const child = run_child(MISUSE " without_memory");
    CHECK_FALSE(child.succeeded);
    CHECK(contains(child.output, "pktpool: decay() on thread "));
    CHECK(contains(child.output, "misuse.cpp:"));
}
