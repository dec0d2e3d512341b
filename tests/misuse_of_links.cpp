// Overwrites a word of the header of a hardened packet and continues. Arguments: WHERE WORD, the
// word as bytes in front of the buffer. The program prints "followed" if the pool follows the
// written pointer, and "survived" if the pool does not notice it; else a report ends the program.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

import pktpool;

namespace {

struct one_in_two : pktpool::hardened {
    static constexpr std::uint32_t call_sites_one_in = 2;
};
using sampled_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded, one_in_two>;

/// The written pointers refer to this memory, outside of every packet.
std::array<std::uintptr_t, 16> outside{};

bool was_followed()
{
    return std::ranges::any_of(outside, [](std::uintptr_t word) { return word != 0; });
}

void overwrite(sampled_pool::packet* p, std::size_t distance, bool wild)
{
    constexpr std::uintptr_t nowhere = 0x4140; // never mapped, on every target
    auto const value = wild ? nowhere : reinterpret_cast<std::uintptr_t>(outside.data() + 4);
    std::memcpy(p->data() - distance, &value, sizeof value);
    std::printf("written over: %p\n", static_cast<void*>(p));
    std::fflush(stdout); // a report may end the program
}

void run(std::string_view where, std::size_t distance)
{
    bool const wild = where.ends_with("_wild");
    sampled_pool pool;
    auto recorded = pool.acquire(100);
    auto unrecorded = pool.acquire(100);
    auto neighbour = pool.acquire(100); // recorded, and in the list in front of the first packet
    if (where.starts_with("unrecorded")) {
        overwrite(unrecorded.get(), distance, wild);
        pool.release(std::move(unrecorded));
    } else if (where.starts_with("recorded")) {
        overwrite(recorded.get(), distance, wild);
        pool.release(std::move(recorded));
    } else if (where.starts_with("batch")) {
        overwrite(recorded.get(), distance, wild);
        pool.release(std::span(&recorded, 1));
    } else if (where.starts_with("newest")) {
        overwrite(neighbour.get(), distance, wild);
        neighbour.reset();
    } else if (where.starts_with("older_neighbour")) {
        overwrite(recorded.get(), distance, wild);
        pool.release(std::move(neighbour));
        pool.release(std::move(recorded));
    } else if (where.starts_with("newer_neighbour")) {
        overwrite(neighbour.get(), distance, wild);
        pool.release(std::move(recorded));
        pool.release(std::move(neighbour));
    } else if (where.starts_with("new_neighbour")) {
        overwrite(neighbour.get(), distance, wild);
        auto another = pool.acquire(100);
        another = pool.acquire(100); // one of the two is recorded
        pool.release(std::move(neighbour));
    } else if (where.starts_with("list")) {
        overwrite(neighbour.get(), distance, wild);
        std::printf("%zu\n", pool.outstanding().size());
        pool.release(std::move(neighbour));
    } else if (where.starts_with("idle")) {
        auto* const idle = recorded.get();
        pool.release(std::move(recorded));
        overwrite(idle, distance, wild);
        recorded = pool.acquire(100);
        pool.release(std::move(recorded));
        pool.release(std::move(neighbour));
    } else if (where.starts_with("trimmed")) {
        auto* const idle = recorded.get();
        pool.release(std::move(recorded));
        overwrite(idle, distance, wild);
        pool.trim();
    }
}

} // namespace

int main(int argc, char** argv)
{
    if (argc > 2) {
        run(argv[1], std::strtoul(argv[2], nullptr, 10));
    } else { // prints how many bytes hardening adds to a header
        std::printf("%zu\n", sizeof(sampled_pool::packet) - sizeof(pktpool::packet));
        return 0;
    }
    std::puts(was_followed() ? "followed" : "survived");
}
