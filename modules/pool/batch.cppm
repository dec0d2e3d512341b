// Batches: many packets under one lock, for recvmmsg(2) and sendmmsg(2). Exports nothing.
module;
#include "../support/attributes.hpp"

export module pktpool:pool.batch;

import pktpool.standard;
import :support.error;
import :support.memory_checker;
import :sizes.bucket;
import :policy.metadata;
import :store.remote_list;
import :pool.core;

namespace pktpool {

/// The batch operations of a core.
template <class Core>
struct batch_operations {
    using packet = typename Core::packet;
    using metadata = typename packet::metadata;
    using packet_ptr = typename Core::packet_ptr;
    using slab = typename Core::slab;
    using lifecycle = typename Core::lifecycle;
    using low_water_mark = typename slab::low_water_mark;
    using fetched = typename Core::slabs::fetched;
    using here = std::source_location;

    /// Drops the handles of a batch, which are mostly null. O(packets).
    static void drop(std::span<packet_ptr> batch) noexcept
    {
        std::uintptr_t any = 0;
        for (auto const& p : batch) { // no branch, so that the compiler can vectorise it
            any |= reinterpret_cast<std::uintptr_t>(p.get());
        }
        if (any != 0) {
            for (auto& p : batch) {
                p.reset();
            }
        }
    }

    /// Fills a batch of null handles with packets of slab `index` for `size` bytes. Throws what
    /// source and metadata throw, std::length_error above max_packet_size; nothing has changed
    /// then. O(packets).
    static void acquire(Core& core, std::size_t index, std::size_t size,
                        std::span<packet_ptr> batch, here where)
    {
        auto& slabs = core.slabs_;
        slab& from = slabs.slabs()[index];
        low_water_mark before{};
        std::size_t hits = 0;
        std::size_t done = 0;
        try {
            core.locked("acquire()", where, [&] {
                if (size > max_packet_size) {
                    throw_size_too_large(size, max_packet_size); // also for an empty batch
                }
                core.refill_for(from, batch.size());
                before = from.mark();
                bool const is_exact = &from == &slabs.slabs().exact();
                if constexpr (fetches_runs) {
                    hits = done = fetch_idle(core, from, batch);
                }
                for (; done < batch.size(); ++done) {
                    auto const [p, is_hit] =
                        is_exact ? fetched{.packet = slabs.make(from, size), .is_hit = false}
                                 : slabs.fetch(from, [&] { core.refill(from); });
                    batch[done] = core.handle(from, p);
                    hits += is_hit ? 1 : 0;
                }
                slabs.count([&](auto& c) { c.acquired(from.index(), hits, batch.size()); });
                if constexpr (memory_is_checked || Core::lend_has_effect) {
                    for (auto& p : batch) {
                        core.lend(*p, size, where);
                    }
                }
            });
        } catch (...) {
            if (done > 0) {
                undo(core, from, batch.first(done), hits, before, where);
            }
            throw;
        }
    }

    /// The same for the null handles of a batch, each run of them under the lock.
    static void acquire_missing(Core& core, std::size_t index, std::size_t size,
                                std::span<packet_ptr> batch, here where)
    {
        auto const is_null = [](packet_ptr const& p) { return p == nullptr; };
        auto first = std::ranges::find_if(batch, is_null);
        do { // also without a null handle, for the checks
            auto const last = std::find_if_not(first, batch.end(), is_null);
            acquire(core, index, size, {first, last}, where);
            first = std::find_if(last, batch.end(), is_null);
        } while (first != batch.end());
    }

    /// Gives back every packet of the batch. Packets of other pools go back to these, each under
    /// the lock of its pool. O(packets).
    static void give_back(Core& core, std::span<packet_ptr> batch, here where) noexcept
    {
        if constexpr (Core::has_owner) {
            if (!core.is_owner()) {
                Core::remote::give_back(batch, core.identity(), where);
                return;
            }
        }
        for (auto& p : batch) {
            if (is_of(core, p)) {
                lifecycle::retire(*p, core.identity(), where);
            }
        }
        bool others = false;
        core.locked_return("release()", where, [&] {
            for (std::size_t done = 0; done < batch.size();) {
                if (auto const run = keep_run(core, batch.subspan(done)); run > 0) {
                    done += run;
                    continue;
                }
                auto& p = batch[done++];
                if (is_of(core, p)) {
                    Core::ways_back::keep_or_free(core, p.release(), p.get_deleter(),
                                                  return_reason::release, where);
                }
                others |= p != nullptr;
            }
        });
        if (!others) [[likely]] {
            return;
        }
        if constexpr (Core::has_owner) {
            Core::remote::give_back(batch, core.identity(), where);
        } else if constexpr (Core::drops_reach_pool) {
            for (auto& p : batch) {
                if (p) {
                    auto const from = p.get_deleter();
                    from.slab().core().give_back(p.release(), from, return_reason::release,
                                                 core.identity(), "release()", where);
                }
            }
        }
    }

private:
    /// Fills null handles with the idle packets of the slab, as far as they go. Returns how many.
    PKTPOOL_ALWAYS_INLINE static std::size_t fetch_idle(Core& core, slab& from,
                                                        std::span<packet_ptr> batch) noexcept
    {
        auto* next = batch.data();
        return core.slabs_.fetch_idle(from, batch.size(), [&](packet* p) {
            std::construct_at(next++, core.handle(from, p)); // the old one has nothing to destroy
        });
    }

    [[nodiscard]] PKTPOOL_ALWAYS_INLINE static bool is_of([[maybe_unused]] Core const& core,
                                                          packet_ptr const& p) noexcept
    {
        if constexpr (Core::drops_reach_pool) {
            return p && &p.get_deleter().slab().core() == &core;
        } else {
            return p != nullptr;
        }
    }

    /// Keeps the first packets of the batch, as far as they are of one slab and it has room.
    /// Returns how many.
    PKTPOOL_ALWAYS_INLINE static std::size_t keep_run(Core& core,
                                                      std::span<packet_ptr> batch) noexcept
    {
        if constexpr (keeps_runs) {
            auto* next = batch.data();
            auto* const to = is_of(core, *next)
                                 ? Core::ways_back::slab_for(core, **next, next->get_deleter())
                                 : nullptr;
            if (to != nullptr) {
                auto const kept = to->store_some(batch.size(), [&]() -> packet* {
                    return *next && is_of(*to, *next) ? (next++)->release() : nullptr;
                });
                core.slabs_.count([&](auto& c) { c.returned(to->index(), true, kept); });
                return kept;
            }
        }
        return 0;
    }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE static bool is_of(slab const& one,
                                                          packet_ptr const& p) noexcept
    {
        if constexpr (Core::drops_reach_pool) {
            return &p.get_deleter().slab() == &one;
        } else {
            return one.matches(*p);
        }
    }
    /// Whether fetching an idle packet calls no user code: neither metadata nor source.
    static constexpr bool fetches_runs =
        has_constant_default<metadata> && std::is_trivially_copyable_v<typename Core::deleter>;
    /// Whether keeping a packet calls none, and has no condition of its own.
    static constexpr bool keeps_runs =
        !Core::protection::hardened && !Core::slabs::has_bound &&
        (Core::drops_reach_pool || std::is_empty_v<typename Core::source_type>);

    /// Takes back the packets of an acquire that failed behind them. The first `hits` were idle.
    PKTPOOL_NOINLINE static void undo(Core& core, slab& from, std::span<packet_ptr> batch,
                                      std::size_t hits, low_water_mark before, here where) noexcept
    {
        for (auto& p : batch) {
            lifecycle::destroy_metadata(*p);
        }
        core.locked("acquire()", where, [&] {
            for (auto done = batch.size(); done > 0; --done) {
                core.slabs_.undo(from, batch[done - 1].release(), done <= hits);
            }
            from.restore(before, hits);
        });
    }
};

} // namespace pktpool
