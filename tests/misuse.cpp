// Breaks the contract that the command line names.
#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

#include "allocations.hpp"

import pktpool;

namespace {

using returning_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::return_on_drop>;

using hardened_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets,
                                                 pktpool::single_threaded, pktpool::hardened>;

using owned_pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_owner,
                                              pktpool::return_on_drop>;
using checked_slab = pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::single_threaded>;

/// Returns memory that is not aligned enough for a packet.
struct misaligned_source {
    static void* allocate(std::size_t bytes)
    {
        return static_cast<std::byte*>(pktpool::heap_source::allocate(bytes + 8)) + 8;
    }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        pktpool::heap_source::deallocate(static_cast<std::byte*>(memory) - 8, bytes + 8);
    }
};

/// Returns null instead of throwing.
struct null_source {
    static void* allocate(std::size_t) { return nullptr; }
    static void deallocate(void*, std::size_t) noexcept {}
};

/// Frees more packets than are idle.
struct excessive_surplus {
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
    static std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        return counts.idle + 1;
    }
};

template <class Use>
void on_another_thread(Use use)
{
    std::thread(std::move(use)).join();
}

/// All threads exist until the last one has dropped its handle.
template <class Handle>
void drop_on_threads(std::span<Handle> handles)
{
    if (!handles.empty()) {
        on_another_thread([handles] {
            handles.front().reset();
            drop_on_threads(handles.subspan(1));
        });
    }
}

template <class Pool>
void use(Pool& pool)
{
    pool.release(pool.acquire(100));
}
void use(checked_slab& slab)
{
    slab.decay();
}

/// Correct: moves and uses one of both objects on another thread.
template <class Owner>
void move_and_use(Owner from, bool which_was_moved_to)
{
    use(from);
    auto to = std::move(from);
    auto& other = which_was_moved_to ? to : from;
    on_another_thread([&] { use(other); });
}
template <class Pool>
void assign_and_use()
{
    Pool from;
    Pool to;
    use(from);
    use(to);
    to = std::move(from);
    on_another_thread([&] {
        use(from);
        on_another_thread([&] { use(to); });
    });
}
template <class Pool>
void outlive(std::size_t size)
{
    std::array<typename Pool::packet_ptr, 3> handles;
    {
        Pool pool;
        pool.acquire(size, handles);
    }
    drop_on_threads(std::span<typename Pool::packet_ptr>(handles));
}

void use_correctly(std::string_view which)
{
    if (which == "moved_from") {
        move_and_use(pktpool::packet_pool(), false);
    } else if (which == "moved_to") {
        move_and_use(pktpool::packet_pool(), true);
    } else if (which == "moved_from_returning") {
        move_and_use(returning_pool(), false);
    } else if (which == "moved_to_returning") {
        move_and_use(returning_pool(), true);
    } else if (which == "moved_from_slab") {
        move_and_use(checked_slab(100), false);
        move_and_use(checked_slab(100), true);
    } else if (which == "assigned_from") {
        assign_and_use<pktpool::packet_pool>();
    } else if (which == "assigned_from_returning") {
        assign_and_use<returning_pool>();
    } else if (which == "outlived") {
        outlive<returning_pool>(100);
    } else if (which == "outlived_exact") {
        outlive<returning_pool>(3000);
    } else if (which == "outlived_hardened") {
        outlive<hardened_pool>(100);
    }
}

struct coroutine {
    struct promise_type {
        coroutine get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

/// The rest of the coroutine runs on a new thread.
struct resume_on_new_thread {
    std::thread* thread;

    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> rest) const { *thread = std::thread(rest); }
    void await_resume() noexcept {}
};

coroutine use_on_two_threads(pktpool::packet_pool* pool, std::thread* thread)
{
    pool->decay();
    co_await resume_on_new_thread{thread};
    pool->decay();
}

/// Uses a pool on another thread than its owner.
void use_without_owning(std::string_view which)
{
    owned_pool pool;
    auto p = pool.acquire(100);
    on_another_thread([&] {
        if (which == "owner_acquire") {
            auto q = pool.acquire(1);
        } else if (which == "owner_batch") {
            pool.acquire(1, std::span(&p, 1));
        } else if (which == "owner_missing") {
            pool.acquire_missing(1, std::span<owned_pool::packet_ptr>());
        } else if (which == "owner_decay") {
            pool.decay();
        } else if (which == "owner_trim") {
            pool.trim();
        } else if (which == "owner_reserve") {
            pool.reserve(1, 1);
        } else if (which == "owner_shrink") {
            pool.shrink_to_bucket(p);
        } else if (which == "owner_idle") {
            std::printf("%zu", pool.idle().count);
        } else if (which == "owner_move") {
            auto moved = std::move(pool);
        }
    });
}

void break_contract(std::string_view which)
{
    if (which.starts_with("owner_")) {
        use_without_owning(which);
        return;
    }
    pktpool::packet_pool pool;
    auto p = pool.acquire(100); // binds the pool to this thread
    if (which == "acquire") {
        on_another_thread([&] { auto q = pool.acquire(1); });
    } else if (which == "acquire_static") {
        on_another_thread([&] { auto q = pool.acquire<1>(); });
    } else if (which == "release") {
        on_another_thread([&] { pool.release(std::move(p)); });
    } else if (which == "decay") {
        on_another_thread([&] { pool.decay(); });
    } else if (which == "move") {
        on_another_thread([&] { auto moved = std::move(pool); });
    } else if (which == "move_assign") {
        on_another_thread([&] { pool = pktpool::packet_pool(); });
    } else if (which == "second_thread") {
        pool.detach();
        on_another_thread([&] {
            pool.decay();
            on_another_thread([&] { pool.decay(); });
        });
    } else if (which == "coroutine") {
        std::thread thread;
        use_on_two_threads(&pool, &thread);
        thread.join();
    } else if (which == "without_memory") {
        on_another_thread([&] {
            failing_heap const out(0);
            pool.decay();
        });
    } else if (which == "slab") {
        checked_slab slab(100);
        slab.decay();
        on_another_thread([&] { slab.decay(); });
    } else if (which == "slab_idle") {
        checked_slab slab(100);
        slab.decay();
        on_another_thread([&] { std::printf("%zu", slab.idle().count); });
    } else if (which == "slab_alloc") {
        checked_slab slab(100);
        slab.decay();
        on_another_thread([&] { auto q = slab.alloc(); });
    } else if (which == "slab_push") {
        checked_slab slab(548);
        slab.decay();
        on_another_thread([&] { slab.try_push_back(p); });
    } else if (which == "slab_move") {
        checked_slab slab(100);
        slab.decay();
        on_another_thread([&] { auto moved = std::move(slab); });
    } else if (which == "release_batch_returning") {
        returning_pool returning;
        auto q = returning.acquire(100);
        on_another_thread([&] { returning.release(std::span(&q, 1)); });
    } else if (which == "move_returning") {
        returning_pool returning;
        auto q = returning.acquire(100);
        on_another_thread([&] { auto moved = std::move(returning); });
    } else if (which == "move_assign_returning") {
        returning_pool returning;
        auto q = returning.acquire(100);
        on_another_thread([&] { returning = returning_pool(); });
    } else if (which == "size") {
        p->size = 600; // the capacity is 548
        std::printf("%zu", p->used().size());
    } else if (which == "size_const") {
        p->size = 600;
        std::printf("%zu", std::as_const(*p).used().size());
    } else if (which == "header_size") {
        p->size = 10;
        p->header_size = 11;
        std::printf("%zu", p->payload().size());
    } else if (which == "bucket") {
        std::printf("%zu", pool.idle(3).count);
    } else if (which == "drop") {
        returning_pool returning;
        auto q = returning.acquire(100);
        on_another_thread([&] { q.reset(); });
    } else if (which == "release_null") {
        on_another_thread([&] { pool.release(nullptr); });
    } else if (which == "release_null_returning") {
        returning_pool returning;
        auto q = returning.acquire(100);
        on_another_thread([&] { returning.release(nullptr); });
    } else if (which == "shrink_nothing") {
        on_another_thread([&] { pool.shrink_to_bucket(p); });
    } else if (which == "reserve_too_much") {
        on_another_thread([&] { pool.reserve(1473, 1); });
    } else if (which == "move_assign_from") {
        on_another_thread([&] {
            pktpool::packet_pool other;
            other = std::move(pool);
        });
    } else if (which == "move_assign_from_returning") {
        returning_pool returning;
        auto q = returning.acquire(100);
        on_another_thread([&] {
            returning_pool other;
            other = std::move(returning);
        });
    } else if (which == "release_returning") {
        returning_pool returning;
        auto q = returning.acquire(100);
        on_another_thread([&] { returning.release(std::move(q)); });
    } else if (which == "idle") {
        on_another_thread([&] { std::printf("%zu", pool.idle().count); });
    } else if (which == "idle_of_bucket") {
        on_another_thread([&] { std::printf("%zu", pool.idle(1).count); });
    } else if (which == "misaligned") {
        pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::unchecked,
                                   misaligned_source>
            misaligned;
        auto q = misaligned.acquire(1);
    } else if (which == "null") {
        pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::unchecked, null_source>
            empty;
        auto q = empty.acquire(1);
    } else if (which == "surplus") {
        pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::unchecked,
                                   excessive_surplus>
            excessive;
        excessive.decay();
    } else if (which == "batch") {
        std::array<pktpool::packet_ptr, 2> batch;
        on_another_thread([&] { pool.acquire(100, batch); });
    } else if (which == "release_batch") {
        on_another_thread([&] { pool.release(std::span(&p, 1)); });
    } else if (which == "reserve") {
        on_another_thread([&] { pool.reserve(100, 1); });
    } else if (which == "trim") {
        on_another_thread([&] { pool.trim(); });
    } else if (which == "nothing") {
        pool.release(std::move(p));
    }
}

} // namespace

int main(int argc, char** argv)
{
    use_correctly(argc > 1 ? argv[1] : "");
    break_contract(argc > 1 ? argv[1] : "");
    std::puts("survived");
}
