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

/// Everyone may come in, one at a time.
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

/// Notes who comes in, and whether the door goes while somebody is inside.
class watched {
    struct leave {
        void operator()(int* inside) const noexcept { --*inside; }
    };

public:
    static inline std::vector<std::string> entries;
    static inline int gone = 0;
    static inline int gone_too_early = 0;

    watched() = default;
    watched(watched const&) = delete;
    watched& operator=(watched const&) = delete;
    ~watched()
    {
        ++gone;
        gone_too_early += inside_ == 0 ? 0 : 1;
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

/// What stands between the two, or nothing.
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

TEST_CASE(
    "threading: a use from another thread is reported with both threads, and ends the program")
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
             {"release_home", "release()"},
             {"idle", "idle()"},
             {"idle_of_bucket", "idle()"},
             {"slab_alloc", "alloc()"},
             {"slab_push", "try_push_back()"},
             {"slab_move", "a move from a slab"},
             {"release_batch_home", "release()"},
             {"move_home", "a move from a pool"},
             {"move_assign_home", "a move to a pool"},
             {"batch", "acquire()"},
             {"release_batch", "release()"},
             {"reserve", "reserve()"},
             {"trim", "trim()"},
             {"coroutine", "decay()"}, // the compiler must not keep the thread over a suspension
             {"second_thread", "decay()"},
             {"slab_idle", "idle()"},
             {"release_null", "release()"},
             {"release_null_home", "release()"},
             {"shrink_nothing", "shrink_to_bucket()"},
             {"reserve_too_much", "reserve()"},
             {"move_assign_from", "a move from a pool"},
             {"move_assign_from_home", "a move from a pool"},
         }) {
        CAPTURE(std::string(which));
        auto const child = run_child(std::string(MISUSE " ") + which);
        CAPTURE(child.output);
        CHECK_FALSE(child.succeeded);
        CHECK_FALSE(contains(child.output, "survived"));
        CHECK(contains(child.output, std::string("pktpool: ") + operation + " on thread "));
        auto const self = between(child.output, " on thread ", ", but ");
        auto const owner = between(child.output, "belongs to thread ", ", the first ");
        CHECK(!self.empty());
        CHECK(!owner.empty());
        CHECK(self != owner);
        CHECK(contains(child.output, "call detach() before"));
    }
}

TEST_CASE("threading: the report says where")
{
    for (auto const* which : {"acquire",
                              "acquire_static",
                              "release",
                              "decay",
                              "slab",
                              "release_home",
                              "idle",
                              "idle_of_bucket",
                              "slab_alloc",
                              "slab_push",
                              "release_batch_home",
                              "batch",
                              "release_batch",
                              "reserve",
                              "trim",
                              "slab_idle",
                              "release_null",
                              "release_null_home",
                              "shrink_nothing",
                              "reserve_too_much"}) {
        CAPTURE(std::string(which));
        CHECK(contains(run_child(std::string(MISUSE " ") + which).output, "misuse.cpp:"));
    }
}

TEST_CASE("threading: after detach the next thread may use the pool, and then binds it")
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

TEST_CASE("threading: a pool that was moved is bound by its next use")
{
    pktpool::packet_pool pool;
    pool.release(pool.acquire(1));
    on_another_thread([moved = std::move(pool)]() mutable { moved.decay(); });

    pktpool::packet_pool assigned;
    assigned.decay();
    assigned = pktpool::packet_pool();
    on_another_thread([&] { assigned.decay(); });
}

TEST_CASE("threading: a pool may be made on one thread and used on another")
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
    on_another_thread([gone = std::move(pool)]() mutable { gone.reset(); });
    on_another_thread([&] { p.reset(); });
    CHECK(live_allocations() == before);
}

TEST_CASE("threading: a lock of the user's own covers handles and the end of the pool, too")
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

TEST_CASE("threading: unchecked lets everyone in, one after the other")
{
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::unchecked> pool;
    auto p = pool.acquire(1);
    on_another_thread([&] { pool.release(std::move(p)); });
    pool.detach();
    CHECK(pool.idle().count == 1);
}

TEST_CASE("threading: the report names the owner, and no place where there is none")
{
    auto const child = run_child(MISUSE " drop");
    CHECK(contains(child.output, "a dropped handle on thread "));
    CHECK_FALSE(contains(child.output, "non-executing"));
    CHECK_FALSE(contains(child.output, ":0]"));
}

TEST_CASE("threading: detach and moves of slabs and of pools with a home")
{
    pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::single_threaded> slab(100);
    slab.decay();
    slab.detach();
    on_another_thread([&] { slab.decay(); });

    returning_pool pool;
    pool.release(pool.acquire(1));
    on_another_thread([moved = std::move(pool)]() mutable { moved.decay(); });
}

TEST_CASE("threading: the end of a pool comes in, too, and the door goes when nobody is inside")
{
    auto pool = std::make_unique<watched_pool>();
    auto first = pool->acquire(1);
    auto last = pool->acquire(5000);
    watched::entries.clear();
    watched::gone = 0;
    pool.reset();
    first.reset();
    CHECK(watched::gone == 0);
    last.reset(); // takes the home with it
    CHECK(watched::entries ==
          std::vector<std::string>{"the destructor", "a dropped handle", "a dropped handle"});
    CHECK(watched::gone == 1);

    pool = std::make_unique<watched_pool>();
    pool->release(pool->acquire(1));
    pool.reset(); // nothing is out
    CHECK(watched::gone == 2);
    CHECK(watched::gone_too_early == 0);
}

TEST_CASE("threading: the report needs no memory")
{
    auto const child = run_child(MISUSE " without_memory");
    CHECK_FALSE(child.succeeded);
    CHECK(contains(child.output, "pktpool: decay() on thread "));
    CHECK(contains(child.output, "misuse.cpp:"));
}
