// The default pool and libtorrent's pool get the same calls: equal capacities and equal hits.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <utility>

#include <gsl/span>
#include <libtorrent/aux_/packet_pool.hpp>

#include "allocations.hpp"
#include "script.hpp"
#include "tally.hpp"

import pktpool;

namespace {

using fuzz::action;

constexpr std::array buckets{fuzz::rules::bucket{.size = 20, .limit = 10},
                             fuzz::rules::bucket{.size = 548, .limit = 10},
                             fuzz::rules::bucket{.size = 1472, .limit = 10}};
constexpr fuzz::rules libtorrent_rules{.buckets = buckets, // the rules that a script needs
                                       .header_bytes = sizeof(pktpool::packet),
                                       .padding = 0,
                                       .headroom = 0,
                                       .tailroom = 0,
                                       .most_idle_bytes = ~std::size_t{0},
                                       .call_sites_one_in = 0,
                                       .metadata_flags = 0,
                                       .takes_resource = false,
                                       .returns_dropped = false,
                                       .drops_reach_pool = false,
                                       .tracks_demand = false,
                                       .slabs_on_heap = false,
                                       .metadata_is_watched = false,
                                       .lock_is_checked = false,
                                       .clears = false,
                                       .counts = false,
                                       .has_owner = false};

/// The effect of a call on the heap. Equal effects mean equal hits and equally many packets kept.
struct effect {
    std::size_t allocated = 0;
    std::size_t live = 0; // wraps around where more blocks were freed

    bool operator==(effect const&) const = default;
};

template <class Call>
effect effect_of(Call const& call)
{
    auto const count = allocation_count();
    auto const live = live_allocations();
    call();
    return {.allocated = allocation_count() - count, .live = live_allocations() - live};
}

class pair_of_pools {
public:
    /// Operations that both pools have. libtorrent's pool takes sizes up to 65535, else it asserts.
    /// Its decay frees the newest packet, so addresses are not compared.
    void play(fuzz::operation const& next)
    {
        current_ = next;
        switch (next.what) {
        case action::acquire:
        case action::acquire_known:
            acquire(next.slot, 1, next.size);
            break;
        case action::acquire_batch:
            acquire(next.slot, next.count, next.size);
            break;
        case action::release:
            release(find(next), 1);
            break;
        case action::release_batch:
            release(next.slot, next.count);
            break;
        case action::drop: {
            auto const slot = find(next);
            compare(effect_of([&] { ours_[slot].reset(); }),
                    effect_of([&] { theirs_[slot].reset(); }));
            break;
        }
        case action::decay:
            compare(effect_of([&] { our_pool_.decay(); }), effect_of([&] { their_pool_.decay(); }));
            break;
        default:
            break;
        }
    }

private:
    using our_batch = gsl::span<pktpool::packet_ptr>;

    /// The slot, or the next one with a packet.
    [[nodiscard]] std::size_t find(fuzz::operation const& of) const
    {
        auto slot = of.slot;
        for (std::size_t i = 0; !of.exactly && i < fuzz::slot_count && !ours_[slot]; ++i) {
            slot = (slot + 1) % fuzz::slot_count;
        }
        return slot;
    }

    void acquire(std::size_t slot, std::size_t count, std::size_t size)
    {
        if (size > pktpool::max_packet_size) {
            return;
        }
        auto const ours =
            effect_of([&] { our_pool_.acquire(size, our_batch(ours_).subspan(slot, count)); });
        auto const theirs = effect_of([&] {
            auto const batch = std::span(theirs_).subspan(slot, count);
            std::ranges::for_each(batch, [](auto& p) { p.reset(); });
            std::ranges::generate(batch,
                                  [&] { return their_pool_.acquire(static_cast<int>(size)); });
        });
        compare(ours, theirs);
        for (auto i = slot; i < slot + count; ++i) {
            if (ours_[i]->allocated != theirs_[i]->allocated) {
                fail("capacity", ours_[i]->allocated, theirs_[i]->allocated);
            }
        }
    }

    void release(std::size_t slot, std::size_t count)
    {
        compare(effect_of([&] { our_pool_.release(our_batch(ours_).subspan(slot, count)); }),
                effect_of([&] {
                    for (auto i = slot; i < slot + count; ++i) {
                        their_pool_.release(std::move(theirs_[i]));
                    }
                }));
    }

    void compare(effect ours, effect theirs) const
    {
        if (!(ours == theirs)) {
            fail("packets allocated", ours.allocated, theirs.allocated);
        }
    }
    [[noreturn]] void fail(char const* what, std::size_t ours, std::size_t theirs) const
    {
        std::fprintf(stderr, "fuzz: %s: %s: ours %zu, libtorrent's %zu\n",
                     to_string(current_).c_str(), what, ours, theirs);
        std::abort();
    }

    pktpool::packet_pool our_pool_;
    libtorrent::aux::packet_pool their_pool_;
    std::array<pktpool::packet_ptr, fuzz::slot_count> ours_;
    std::array<libtorrent::aux::packet_ptr, fuzz::slot_count> theirs_;
    fuzz::operation current_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static fuzz::tally done("operations in", "scripts, on pktpool and libtorrent alike");
    done.add_thing();
    pair_of_pools pools;
    fuzz::script script(std::span(data, size).subspan(std::min(size, fuzz::script_head)),
                        libtorrent_rules);
    while (auto const next = script.next()) {
        pools.play(*next);
        done.add_steps(1);
    }
    return 0;
}
