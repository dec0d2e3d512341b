// Misuses the memory of a packet in the way that the command line names: POOL MISUSE. A sanitizer,
// Memcheck or a policy reports it or ends the program; else the program prints "survived".
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
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

using plain_pool = pktpool::packet_pool;
using returning_pool = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded,
                                                  pktpool::demand_tracked, pktpool::return_on_drop>;
using hardened_pool =
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, pktpool::hardened>;
using hardened_returning_pool =
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, pktpool::demand_tracked,
                               pktpool::return_on_drop, pktpool::hardened>;

struct reporting : pktpool::hardened {
    static constexpr bool reports_outstanding = true;
};
using reporting_pool = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, reporting>;

struct one_in_two : pktpool::hardened {
    static constexpr std::uint32_t call_sites_one_in = 2;
};
using sampled_pool = pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, one_in_two>;

using headroom_buckets = pktpool::with_headroom_tailroom<libtorrent_buckets, 10, 20>;
using headroom_pool = pktpool::basic_packet_pool<headroom_buckets>;
using narrow_buckets = pktpool::with_headroom_tailroom<libtorrent_buckets, 1, 0>;
using narrow_pool = pktpool::basic_packet_pool<narrow_buckets>;
using narrow_hardened_pool =
    pktpool::basic_packet_pool<narrow_buckets, single_threaded, pktpool::hardened>;
using headroom_hardened_pool =
    pktpool::basic_packet_pool<headroom_buckets, single_threaded, pktpool::hardened>;

/// A pool whose packets are released on another thread than the owner's.
template <class... Policies>
class released_elsewhere
    : public pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_owner, Policies...> {
    using base = pktpool::basic_packet_pool<libtorrent_buckets, pktpool::single_owner, Policies...>;
    using here = std::source_location;

public:
    using typename base::packet_ptr;

    void release(packet_ptr p, here where = here::current())
    {
        std::thread([&] { base::release(std::move(p), where); }).join();
    }
    void release(std::span<packet_ptr> batch, here where = here::current())
    {
        std::thread([&] { base::release(batch, where); }).join();
    }
};
using elsewhere_pool = released_elsewhere<pktpool::return_on_drop>;
using hardened_elsewhere_pool = released_elsewhere<pktpool::hardened>;
using reporting_elsewhere_pool = released_elsewhere<reporting>;

void write(std::byte* where)
{
    *static_cast<std::byte volatile*>(where) = std::byte{0x41};
}

void use(std::span<std::byte> buffer)
{
    static_cast<void>(buffer);
}

bool is_zero(std::byte* where)
{
    return *static_cast<std::byte volatile*>(where) == std::byte{0};
}

/// Two handles own one packet: a bug of the program.
template <class Handle>
Handle twin_of(Handle const& p)
{
    return Handle(p.get(), p.get_deleter());
}

template <class Pool>
void misuse(std::string_view how)
{
    Pool pool;
    auto p = pool.acquire(100); // from the bucket of 548
    auto* const raw = p.get();
    if (how == "read_idle_header") {
        pool.release(std::move(p));
        std::printf("%d\n", static_cast<int>(raw->size));
    } else if (how == "write_idle_buffer") {
        pool.release(std::move(p));
        write(raw->data() + 7);
    } else if (how == "write_idle_then_acquire") {
        pool.release(std::move(p));
        write(raw->data() + 7);
        p = pool.acquire(200);
    } else if (how == "write_idle_then_trim") {
        pool.release(std::move(p));
        write(raw->data() + 7);
        pool.trim();
    } else if (how == "write_idle_batch") {
        pool.release(std::span(&p, 1));
        write(raw->data() + 7);
        pool.acquire(200, std::span(&p, 1));
    } else if (how == "write_reserved") {
        pool.release(std::move(p));
        pool.reserve(100, 2);
        p = pool.acquire(100);
        write(p->data() + 547);
    } else if (how == "overrun") { // within the capacity
        write(p->data() + 100);
        pool.release(std::move(p));
    } else if (how == "overrun_throughout") {
        for (std::size_t i = 100; i < 548 + 16; ++i) {
            write(p->data() + i);
        }
        pool.release(std::move(p));
    } else if (how == "overrun_of_the_second") {
        pool.release(std::move(p));
        p = pool.acquire(100);
        write(p->data() + 100);
        pool.release(std::move(p));
    } else if (how == "overrun_of_a_batch") {
        pool.acquire(50, std::span(&p, 1));
        write(p->data() + 50);
        pool.release(std::span(&p, 1));
    } else if (how == "overrun_then_drop") {
        write(p->data() + 100);
        p.reset();
    } else if (how == "overrun_of_the_bucket") {
        p = pool.acquire(548);
        write(p->data() + 548);
        pool.release(std::move(p));
    } else if (how == "overrun_above_the_buckets") {
        p = pool.acquire(3000);
        write(p->data() + 3000);
        pool.release(std::move(p));
    } else if (how == "header") {
        write(reinterpret_cast<std::byte*>(const_cast<unsigned short*>(&raw->allocated)));
        pool.release(std::move(p));
    } else if (how == "header_bucket") {
        write(reinterpret_cast<std::byte*>(const_cast<std::uint8_t*>(&raw->bucket)));
        pool.release(std::move(p));
    } else if (how.starts_with("in_front_")) { // that many bytes in front of the buffer
        auto* const byte =
            raw->data() -
            std::strtol(std::string(how.substr(how.rfind('_') + 1)).c_str(), nullptr, 10);
        *byte ^= std::byte{0x41};
        pool.release(std::move(p));
    } else if (how == "whole_header") {
        for (auto* byte = reinterpret_cast<std::byte*>(raw); byte != raw->data(); ++byte) {
            write(byte);
        }
        pool.release(std::move(p));
    } else if (how == "double_release") {
        auto twin = twin_of(p);
        pool.release(std::move(p));
        pool.release(std::move(twin));
    } else if (how == "double_drop") {
        auto twin = twin_of(p);
        pool.release(std::move(p));
        twin.reset();
    } else if (how == "double_release_of_a_batch") {
        auto twin = twin_of(p);
        pool.release(std::span(&p, 1));
        pool.release(std::span(&twin, 1));
    } else if (how == "release_elsewhere") {
        Pool other;
        auto q = other.acquire(1);
        other.release(std::move(p));
    } else if (how == "release_elsewhere_batch") {
        Pool other;
        auto q = other.acquire(1);
        other.release(std::span(&p, 1));
    } else if (how == "release_to_an_unused_one") {
        Pool other;
        other.release(std::move(p));
    } else if (how == "unwritten") {
        std::printf("%s\n", is_zero(p->data()) ? "zero" : "something");
    } else if (how == "unwritten_again") { // the last user wrote this byte, this one did not
        write(p->data());
        pool.release(std::move(p));
        p = pool.acquire(100);
        std::printf("%s\n", is_zero(p->data()) ? "zero" : "something");
    } else if (how == "outstanding") {
        auto const q = pool.acquire(1000);
        auto const large = pool.acquire(3000);
        Pool(std::move(pool));
    } else if (how == "buffer") {
        use(p->buffer(200));
        for (std::size_t i = 0; i < 200; ++i) {
            write(p->data() + i);
        }
        pool.release(std::move(p));
    } else if (how == "buffer_idle") {
        pool.release(std::move(p));
        use(raw->buffer(200));
    } else if (how == "buffer_too_much") {
        use(p->buffer(549));
    } else if (how == "buffer_after_overrun") {
        write(p->data() + 150);
        use(p->buffer(200));
    } else if (how == "buffer_far_behind_overrun") {
        write(p->data() + 100);
        use(p->buffer(548));
    } else if (how == "buffer_then_overrun") {
        use(p->buffer(200));
        write(p->data() + 200);
        pool.release(std::move(p));
    } else if (how == "buffer_before_reuse") {
        use(p->buffer(200));
        pool.release(std::move(p));
        p = pool.acquire(100);
        write(p->data() + 100);
        pool.release(std::move(p));
    } else if (how == "buffer_behind_canary") {
        raw->data()[-1] ^= std::byte{0x41};
        use(p->buffer(200));
        static_cast<void>(p.release()); // the release would report it, too
    } else if (how == "buffer_of_overwritten_capacity") {
        *const_cast<std::uint16_t*>(&raw->allocated) = 0xffff;
        use(p->buffer(60000));
        static_cast<void>(p.release());
    } else if (how == "size_not_asked_for") {
        p->size = 101;
        use(p->used());
    } else if (how == "nothing") {
        write(p->data() + 99);
        pool.release(std::move(p));
        p = pool.acquire(548);
        write(p->data() + 547);
    }
}

/// A packet with 10 bytes of headroom, 100 requested and 50 used bytes, and 20 of tailroom.
template <class Pool>
void misuse_of_headroom(std::string_view how)
{
    Pool pool;
    auto p = pool.acquire(100);
    auto* const datagram = p->data();
    p->size = 50;
    if (how == "prepend") {
        p->prepend(11);
    } else if (how == "append") {
        p->append(50 + 20 + 51);
    } else if (how == "trim_start") {
        p->trim_start(51);
    } else if (how == "trim_end") {
        p->trim_end(51);
    } else if (how == "size") {
        p->size = 548 + 20 + 1;
        std::printf("%zu", p->used().size());
    } else if (how == "size_and_headroom") {
        p->size = 548 + 20 + 1;
        std::printf("%zu", p->headroom());
    } else if (how == "size_and_tailroom") {
        p->size = 548 + 20 + 1;
        std::printf("%zu", p->tailroom());
    } else if (how == "size_and_trim_start") {
        p->size = 548 + 20 + 1;
        p->trim_start(1);
    } else if (how == "size_and_trim_end") {
        p->size = 548 + 20 + 1;
        p->trim_end(1);
    } else if (how == "in_front_of_headroom") {
        write(datagram - 11);
    } else if (how == "in_front_of_an_exact_one" || how == "in_front_of_an_exact_batch") {
        std::array<typename Pool::packet_ptr, 1> exact;
        if (how == "in_front_of_an_exact_one") {
            exact.front() = pool.acquire(3000);
        } else {
            pool.acquire(3000, exact);
        }
        write(exact.front()->data() - 16); // in the padding
        pool.release(exact);
    } else if (how == "behind_tailroom") {
        write(datagram + 120);
    } else if (how == "buffer_in_front_of_headroom") {
        use(p->buffer(200));
        write(datagram - 16); // in the padding
    } else if (how == "buffer_then_read") {
        write(datagram + 119); // the last byte of the tailroom
        use(p->buffer(50));
        std::printf("%s\n", is_zero(datagram + 119) ? "zero" : "something");
    } else if (how == "idle_padding" || how == "idle_headroom" || how == "idle_trailer") {
        pool.release(std::move(p));
        write(how == "idle_trailer" ? datagram + 568
                                    : datagram - (how == "idle_padding" ? 11 : 10));
        p = pool.acquire(100);
    } else if (how == "nothing") {
        write(datagram - 10);
        write(datagram + 119);
    }
    pool.release(std::move(p));
}

/// Remembers its last block: the test knows the packet before the first acquire.
struct remembering_source {
    static inline std::byte* last = nullptr;

    static void* allocate(std::size_t bytes)
    {
        last = static_cast<std::byte*>(pktpool::heap_source::allocate(bytes));
        return last;
    }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        pktpool::heap_source::deallocate(memory, bytes);
    }
};

void misuse_of_reserved(std::string_view how)
{
    pktpool::basic_packet_pool<libtorrent_buckets, single_threaded, remembering_source> pool;
    pool.reserve(100, 1);
    if (how == "write_reserved_idle") {
        write(remembering_source::last + 100);
    }
}

} // namespace

int main(int argc, char** argv)
{
    std::string_view const pool = argc > 2 ? argv[1] : "";
    std::string_view const how = argc > 2 ? argv[2] : "";
    if (pool == "plain") {
        misuse<plain_pool>(how);
    } else if (pool == "returning") {
        misuse<returning_pool>(how);
    } else if (pool == "hardened") {
        misuse<hardened_pool>(how);
    } else if (pool == "hardened_returning") {
        misuse<hardened_returning_pool>(how);
    } else if (pool == "reporting") {
        misuse<reporting_pool>(how);
    } else if (pool == "elsewhere") {
        misuse<elsewhere_pool>(how);
    } else if (pool == "hardened_elsewhere") {
        misuse<hardened_elsewhere_pool>(how);
    } else if (pool == "reporting_elsewhere") {
        misuse<reporting_elsewhere_pool>(how);
    } else if (pool == "with_headroom") {
        misuse_of_headroom<headroom_pool>(how);
    } else if (pool == "narrow") {
        misuse_of_headroom<narrow_pool>(how);
    } else if (pool == "narrow_hardened") {
        misuse_of_headroom<narrow_hardened_pool>(how);
    } else if (pool == "headroom_hardened") {
        misuse_of_headroom<headroom_hardened_pool>(how);
    } else if (pool == "sampled") {
        misuse<sampled_pool>(how);
    } else if (pool == "remembering") {
        misuse_of_reserved(how);
    }
    std::puts("survived");
}
