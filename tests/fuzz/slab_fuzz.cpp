// Slabs against a vector: which packet comes out, what is kept, what is refused.
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "checked_lock.hpp"
#include "tally.hpp"
#include "watched_metadata.hpp"

import pktpool;

namespace {

struct one_bucket {
    static constexpr std::array buckets{pktpool::bucket{.size = 548, .limit = 3}};
};
using run_time_slab = pktpool::packet_slab;
using compile_time_slab = pktpool::basic_packet_slab<one_bucket, pktpool::single_threaded>;
using watched_slab =
    pktpool::basic_packet_slab<one_bucket, fuzz::checked_lock, fuzz::copying_metadata>;

constexpr auto never = std::numeric_limits<std::size_t>::max();

/// Two slabs that exchange packets of 16 handles, and the idle packets of each, oldest first.
template <class Slab>
class pair_of_slabs {
    using packet_ptr = typename Slab::packet_ptr;
    using packet = typename Slab::packet;

public:
    explicit pair_of_slabs(std::span<std::uint8_t const, 4> numbers)
    {
        for (std::size_t i = 0; i < 2; ++i) {
            if constexpr (std::same_as<Slab, run_time_slab>) {
                sizes_[i] = numbers[i] * std::size_t{8};
                limits_[i] = numbers[i + 2] % 6U;
                slabs_[i] = std::make_unique<Slab>(sizes_[i], limits_[i]);
                check_bounds();
            } else {
                slabs_[i] = std::make_unique<Slab>();
            }
        }
    }

    void play(std::uint8_t byte)
    {
        std::size_t const which = (byte >> 3U) % 2U;
        std::size_t const handle = byte >> 4U;
        switch (byte % 8U) {
        case 0:
        case 1:
            alloc(which, handle, false);
            break;
        case 2:
        case 3:
            push_back(which, handle);
            break;
        case 4:
            decay(which);
            break;
        case 5:
            move(which);
            break;
        case 6:
            left_ = left_ == never ? handle : never;
            break;
        default:
            alloc(which, handle, true);
            break;
        }
        check(which);
    }

private:
    static void expect(bool holds, char const* what)
    {
        if (!holds) {
            std::fprintf(stderr, "fuzz: a slab: %s\n", what);
            std::abort();
        }
    }

    static void check_bounds()
    {
        for (auto const& [size, limit] : {std::pair{65536UL, 1UL}, std::pair{1UL, 65536UL}}) {
            bool refused = false;
            try {
                run_time_slab const too_large(size, limit);
            } catch (std::length_error const&) {
                refused = true;
            }
            expect(refused, "a size or limit that is too large is not refused");
        }
    }

    /// From the slab, or from create_packet().
    void alloc(std::size_t which, std::size_t handle, bool create)
    {
        auto& idle = idle_[which];
        packet_ptr acquired;
        bool failed = false;
        auto const refused = refused_allocations();
        {
            failing_heap const heap(left_);
            try {
                acquired = create ? pktpool::create_packet<typename packet::metadata>(sizes_[which])
                                  : slabs_[which]->alloc();
            } catch (std::bad_alloc const&) {
                failed = true;
            }
        }
        expect(failed == (refused_allocations() != refused), "bad_alloc only without memory");
        if (failed) {
            expect(create || idle.empty(), "no memory for a hit");
            return;
        }
        if (!create && !idle.empty()) {
            expect(acquired.get() == idle.back(), "not the newest idle packet");
            idle.pop_back();
        }
        expect(acquired->allocated == sizes_[which], "capacity");
        expect(acquired->size == 0, "not reset");
        acquired->size = acquired->allocated;
        if constexpr (watched) {
            expect(acquired->sequence == 0 && !acquired->owned.held(), "metadata is not new");
            acquired->sequence = 1;
            acquired->owned.take();
        } else {
            expect(acquired->num_transmissions == 0, "metadata is not new");
            acquired->num_transmissions = 1;
        }
        handles_[handle] = std::move(acquired);
    }

    void push_back(std::size_t which, std::size_t handle)
    {
        auto& p = handles_[handle];
        auto const* const address = p.get();
        bool const fits = address == nullptr || p->allocated == sizes_[which];
        auto const refused = refused_allocations();
        bool kept = false;
        auto const destroyed = fuzz::watched.destroyed_under_lock;
        {
            failing_heap const heap(fits ? left_
                                         : never); // the exception needs memory for its text
            try {
                kept = slabs_[which]->try_push_back(p);
                expect(fits, "a packet of another capacity");
            } catch (std::invalid_argument const&) {
                expect(!fits, "a packet that fits is refused");
                expect(p.get() == address, "a refused packet is no longer in its handle");
                return;
            }
        }
        // Without memory for the slots the packet is freed, as above the limit.
        bool const has_slot = address != nullptr && idle_[which].size() < limits_[which] &&
                              refused_allocations() == refused;
        expect(kept == has_slot, "kept if a slot is free");
        expect(!p, "the handle of a taken packet is not null");
        expect(fuzz::watched.destroyed_under_lock == destroyed,
               "metadata destroyed under the lock");
        if (kept) {
            idle_[which].push_back(address);
        }
    }

    void decay(std::size_t which)
    {
        slabs_[which]->decay();
        if (!idle_[which].empty()) {
            idle_[which].erase(idle_[which].begin());
        }
    }

    /// Moves the slab into a new one, which replaces the other one.
    void move(std::size_t which)
    {
        auto const other = 1 - which;
        slabs_[other] = std::make_unique<Slab>(std::move(*slabs_[which]));
        idle_[other] = std::exchange(idle_[which], {});
        sizes_[other] = sizes_[which];
        limits_[other] = limits_[which];
    }

    void check(std::size_t which) const
    {
        auto const& slab = *slabs_[which];
        auto const each = sizeof(packet) + sizes_[which];
        auto const entries = fuzz::checked_lock::entries;
        expect(slab.idle().count == idle_[which].size(), "idle packets");
        expect(!watched || fuzz::checked_lock::entries == entries + 1,
               "idle() did not call enter()");
        expect(slab.idle().bytes == idle_[which].size() * each, "idle bytes");
        expect(slab.allocate_size() == sizes_[which], "allocate_size");
        expect(slab.limit() == limits_[which], "limit");
        auto const out = std::ranges::count_if(
            handles_, [](packet_ptr const& p) { return static_cast<bool>(p); });
        if constexpr (watched) {
            expect(fuzz::watched.alive == static_cast<std::size_t>(out) &&
                       fuzz::watched.owned == fuzz::watched.alive,
                   "metadata are those of outstanding packets");
        }
        expect(live_mallocs() - before_ ==
                   static_cast<std::size_t>(out) + idle_[0].size() + idle_[1].size(),
               "packets in memory");
    }

    static constexpr bool watched = std::same_as<Slab, watched_slab>;

    std::size_t before_ = live_mallocs();
    std::size_t left_ = never; // allocations of each operation that succeed
    std::array<std::size_t, 2> sizes_{548, 548};
    std::array<std::size_t, 2> limits_{3, 3};
    std::array<std::unique_ptr<Slab>, 2> slabs_;
    std::array<std::vector<void const*>, 2> idle_;
    std::array<packet_ptr, 16> handles_;
};

template <class Slab>
void play(std::span<std::uint8_t const> bytes)
{
    auto const before = live_allocations();
    {
        pair_of_slabs<Slab> slabs(bytes.first<4>());
        std::ranges::for_each(bytes.subspan(4), [&](auto byte) { slabs.play(byte); });
    }
    if (live_allocations() != before) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static fuzz::tally done("operations in", "scripts, on three kinds of slabs");
    if (size >= 4) {
        play<run_time_slab>({data, size});
        play<compile_time_slab>({data, size});
        play<watched_slab>({data, size});
        done.add_thing();
        done.add_steps(3 * (size - 4));
    }
    return 0;
}
