// Breaks the contract that the command line names. Prints the line of the call first: the report
// has to name that line.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

import pktpool;

namespace {

using pktpool::libtorrent_buckets;
using pktpool::single_threaded;

using headroom_pool =
    pktpool::basic_packet_pool<pktpool::with_headroom_tailroom<libtorrent_buckets, 10, 20>>;
using hardened_pool =
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, pktpool::hardened>;
using counted_pool =
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, pktpool::counted>;
using returning_pool =
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, pktpool::return_on_drop>;
using checked_slab = pktpool::basic_packet_slab<pktpool::runtime_bucket, single_threaded>;
using owned_pool =
    pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_owner, pktpool::hardened>;

/// The next line breaks the contract.
void announce_next_line(std::source_location where = std::source_location::current())
{
    std::fprintf(stderr, "wrong is %s:%u\n", where.file_name(),
                 static_cast<unsigned>(where.line()) + 1);
}

template <class Use>
void on_another_thread(Use use)
{
    std::thread(std::move(use)).join();
}

/// A packet of 548 bytes with a headroom of 10 and a tailroom of 20 bytes, of which 50 are used.
void misuse_of_packet(std::string_view which)
{
    headroom_pool pool;
    auto p = pool.acquire(100);
    auto const& constant = *p;
    p->size = 50;
    bool const too_large = which.ends_with("_of_bad_size");
    if (too_large) {
        p->size = 600;
    }
    if (which == "used_of_bad_size") {
        announce_next_line();
        static_cast<void>(p->used());
    } else if (which == "const_used_of_bad_size") {
        announce_next_line();
        static_cast<void>(constant.used());
    } else if (which == "payload_of_bad_size") {
        announce_next_line();
        static_cast<void>(p->payload());
    } else if (which == "const_payload_of_bad_size") {
        announce_next_line();
        static_cast<void>(constant.payload());
    } else if (which == "headroom_of_bad_size") {
        announce_next_line();
        static_cast<void>(p->headroom());
    } else if (which == "tailroom_of_bad_size") {
        announce_next_line();
        static_cast<void>(p->tailroom());
    } else if (which == "prepend_of_bad_size") {
        announce_next_line();
        p->prepend(1);
    } else if (which == "append_of_bad_size") {
        announce_next_line();
        p->append(1);
    } else if (which == "trim_start_of_bad_size") {
        announce_next_line();
        p->trim_start(1);
    } else if (which == "trim_end_of_bad_size") {
        announce_next_line();
        p->trim_end(1);
    } else if (which == "shrink_of_bad_size") {
        p->size = 600;
        announce_next_line();
        pool.shrink_to_bucket(p);
    } else if (which == "prepend") {
        announce_next_line();
        p->prepend(11);
    } else if (which == "append") {
        announce_next_line();
        p->append(200);
    } else if (which == "trim_start") {
        announce_next_line();
        p->trim_start(51);
    } else if (which == "buffer") {
        announce_next_line();
        static_cast<void>(p->buffer(549));
    } else if (which == "trim_end") {
        announce_next_line();
        p->trim_end(51);
    }
}

template <class Owner>
void move_elsewhere(Owner& owner)
{
    on_another_thread([&] {
        announce_next_line();
        auto const moved = std::move(owner);
    });
}

/// Releases a span to a pool with an owner, this thread.
void misuse_of_span(std::string_view which)
{
    owned_pool mine;
    owned_pool another;
    mine.release(mine.acquire(100));
    if (which == "span_of_another_pool") {
        auto p = another.acquire(100);
        announce_next_line();
        mine.release(std::span(&p, 1));
    } else if (which == "span_on_another_thread") {
        auto p = mine.acquire(100);
        p->data()[100] = std::byte{1};
        on_another_thread([&] {
            announce_next_line();
            mine.release(std::span(&p, 1));
        });
    }
}

/// An acquire in a file whose path is longer than the text of a report.
hardened_pool::packet_ptr acquire_in_a_file_with_a_long_path(hardened_pool& pool);

void misuse_of_owner(std::string_view which)
{
    pktpool::packet_pool pool;
    returning_pool returning;
    checked_slab slab(100);
    pool.release(pool.acquire(100));
    returning.release(returning.acquire(100));
    slab.decay();
    if (which == "move") {
        move_elsewhere(pool);
    } else if (which == "move_returning") {
        move_elsewhere(returning);
    } else if (which == "move_slab") {
        move_elsewhere(slab);
    } else if (which == "assign") {
        on_another_thread([&] { pool = pktpool::packet_pool(); });
    } else if (which == "idle") {
        on_another_thread([&] {
            announce_next_line();
            static_cast<void>(slab.idle());
        });
    } else if (which == "acquire_exact") {
        on_another_thread([&] {
            announce_next_line();
            static_cast<void>(pool.acquire<3000>());
        });
    } else if (which == "outstanding") {
        hardened_pool hardened;
        hardened.release(hardened.acquire(100));
        on_another_thread([&] {
            announce_next_line();
            static_cast<void>(hardened.outstanding());
        });
    } else if (which == "statistics") {
        counted_pool counted;
        counted.release(counted.acquire(100));
        on_another_thread([&] {
            announce_next_line();
            static_cast<void>(counted.statistics());
        });
    } else if (which == "bucket") {
        announce_next_line();
        static_cast<void>(pool.idle(3));
    } else if (which == "long_operation") {
        single_threaded threading;
        threading.enter("the first use", {});
        on_another_thread([&] {
            std::string const operation(5000, 'x');
            announce_next_line();
            threading.enter(operation, std::source_location::current());
        });
    } else if (which == "shrink_of_overrun") {
        hardened_pool hardened;
        auto p = hardened.acquire(1000);
        p->data()[1000] = std::byte{1};
        announce_next_line();
        hardened.shrink_to_bucket(p);
    } else if (which == "buffer_of_overrun") {
        hardened_pool hardened;
        auto p = hardened.acquire(100);
        p->data()[100] = std::byte{1};
        announce_next_line();
        static_cast<void>(p->buffer(200));
    } else if (which == "batch_of_another_pool") {
        hardened_pool hardened;
        hardened_pool another;
        hardened.release(hardened.acquire(100));
        auto p = another.acquire(100);
        p->data()[100] = std::byte{1};
        announce_next_line();
        hardened.release(std::span(&p, 1));
    } else if (which == "acquire_beside_overwritten_links") {
        hardened_pool hardened;
        auto p = hardened.acquire(100);
        constexpr auto links = sizeof(hardened_pool::packet) - sizeof(pktpool::packet);
        std::memset(p->data() - links, 0x41, links);
        announce_next_line();
        p = hardened.acquire(100);
    } else if (which == "double_release" || which == "long_path") {
        hardened_pool hardened;
        auto p = which == "long_path" ? acquire_in_a_file_with_a_long_path(hardened)
                                      : hardened.acquire(100);
        hardened_pool::packet_ptr twin(p.get(), p.get_deleter());
        hardened.release(std::move(p));
        announce_next_line();
        hardened.release(std::move(twin));
    }
}

} // namespace

int main(int argc, char** argv)
{
    std::string_view const which = argc > 1 ? argv[1] : "";
    misuse_of_packet(which);
    misuse_of_owner(which);
    if (which.starts_with("span_")) {
        misuse_of_span(which);
    }
    std::puts("survived");
}

namespace {

hardened_pool::packet_ptr acquire_in_a_file_with_a_long_path(hardened_pool& pool)
{
#line 1 "/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory/directory.cpp"
    return pool.acquire(100);
}

} // namespace
