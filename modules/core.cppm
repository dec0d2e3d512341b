// What a pool does: its door, the way out and the one way back, its source and what it counts.
module;
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gsl/narrow>

#include "pktpool_attributes.hpp"

export module pktpool:core;

import :error;
import :source;
import :buckets;
import :checkers;
import :packet;
import :life;
import :handle;
import :statistics;
import :threading;
import :policies;
import :cache;
import :slabs;

namespace pktpool {

/// A slab whose handles know it. At a stride of a power of two the look-up of a bucket needs no
/// multiplication, and what an acquire touches is in one line of the cache.
template <class Core, class Cache>
class alignas(64) homing_slab : public Cache {
public:
    void belong_to(Core& core) noexcept { core_ = &core; }
    [[nodiscard]] Core& core() const noexcept { return *core_; }

    template <class Packet>
    PKTPOOL_HOT void drop(Packet* p) noexcept
    {
        core_->drop(*this, p);
    }

private:
    Core* core_ = nullptr;
};

/// How a packet comes back.
enum class way_back : std::uint8_t { released, dropped };

/// One rule for all ways back: metadata is destroyed in front of the door, everything else (the
/// slab, the counts, and the source where the packet is not kept) is done inside. On the way out
/// metadata is made inside.
template <bucket_policy Buckets, threading_policy Threading, class Policies>
class pool_core {
    using care = typename Policies::packet::care;
    using cache = bucket_cache<typename Policies::packet, typename Policies::source,
                               typename Policies::retention>;

public:
    using packet = typename Policies::packet;
    using source_type = typename Policies::source;
    using ledger_type = typename care::ledger;

    /// Whether a handle knows its slab, so that the core hears of drops and outlives its pool.
    static constexpr bool hears_of_drops = Policies::hears_of_drops;
    using slab = std::conditional_t<hears_of_drops, homing_slab<pool_core, cache>, cache>;
    using deleter = std::conditional_t<hears_of_drops, homing_deleter<packet, slab>,
                                       basic_packet_deleter<packet, source_type>>;
    using packet_ptr = std::unique_ptr<packet, deleter>;

    explicit pool_core(source_type const& source) noexcept : source_(source)
    {
        if constexpr (hears_of_drops) {
            for (auto& each : slabs_) {
                each.belong_to(*this);
            }
        }
    }
    pool_core(pool_core const&) = delete;
    pool_core& operator=(pool_core const&) = delete;
    ~pool_core() { slabs_.close(source_); }

    [[nodiscard]] PKTPOOL_HOT auto enter(std::string_view operation,
                                         std::source_location where) const
    {
        return threading_.enter(operation, where);
    }
    void check_door(std::string_view operation, std::source_location where) const
    {
        [[maybe_unused]] auto const held = enter(operation, where);
    }
    void detach() noexcept { threading_.detach(); }

    [[nodiscard]] source_type const& source() const noexcept { return source_; }
    [[nodiscard]] auto const& slabs() const noexcept { return slabs_; }
    [[nodiscard]] ledger_type const& ledger() const noexcept { return ledger_; }
    [[nodiscard]] auto statistics() const noexcept { return counters_.snapshot(slabs_); }

    /// Inside the door: a packet for `size` bytes, of bucket `index`.
    [[nodiscard]] PKTPOOL_HOT packet_ptr acquire(std::size_t index, std::size_t size,
                                                 std::source_location where)
    {
        auto& from = slabs_[index];
        auto const idle = counters_.idle(from);
        packet* const p = take(from);
        return lend_out(from, p, size, idle > 0 ? 1 : 0, where);
    }
    /// The same above the largest bucket.
    [[nodiscard]] PKTPOOL_RARE packet_ptr acquire_exact(std::size_t size,
                                                        std::source_location where)
    {
        auto& from = exact();
        return lend_out(from, from.make(source_, size), size, 0, where);
    }

    /// Fills a batch of null handles, or throws and changes nothing.
    void acquire(std::size_t size, std::span<packet_ptr> batch, std::source_location where)
    {
        auto& from = slabs_[bucket_index<Buckets>(size)];
        typename cache::water_mark before{};
        std::size_t hits = 0;
        std::size_t done = 0;
        try {
            [[maybe_unused]] auto const held = enter("acquire()", where);
            if (size > max_packet_size) {
                throw_size_too_large(size, max_packet_size); // also for an empty batch
            }
            before = from.low_water();
            auto const capacity = &from == &exact() ? size : from.capacity();
            for (; done < batch.size(); ++done) {
                bool const is_hit = from.idle().count > 0;
                batch[done] = handle(from, is_hit ? take(from) : from.make(source_, capacity));
                hits += is_hit ? 1 : 0;
            }
            counters_.lent(from.index(), hits, batch.size());
            if constexpr (memory_is_checked || care::hardened || packet::room::any) {
                for (auto& p : batch) {
                    lend(*p, size, ledger_, where);
                }
            }
        } catch (...) {
            if (done > 0) {
                undo(from, batch.first(done), hits, before, where);
            }
            throw;
        }
    }

    /// What a handle held, perhaps null. `pool` is the list of the pool that it was brought to.
    PKTPOOL_HOT void take_back(packet* p, deleter const& from, way_back how,
                               ledger_type const* pool, std::source_location where) noexcept
    {
        if (p != nullptr) {
            retire(*p, pool, where);
        }
        bool last = false;
        {
            [[maybe_unused]] auto const held =
                enter(how == way_back::dropped ? "a dropped handle" : "release()", where);
            if (p != nullptr) {
                last = settle(p, from, how, where);
            }
        } // what was held is a part of what goes now
        if (last) [[unlikely]] {
            go();
        }
    }
    PKTPOOL_HOT void drop(slab& from, packet* p) noexcept
        requires hears_of_drops
    {
        take_back(p, deleter(from), way_back::dropped, &ledger_, {});
    }

    /// All of them at once; those of other pools go back to these, through doors of their own.
    void take_back(std::span<packet_ptr> batch, std::source_location where) noexcept
    {
        bool others = false;
        for (auto& p : batch) {
            if (is_own(p)) {
                retire(*p, &ledger_, where);
            }
        }
        {
            [[maybe_unused]] auto const held = enter("release()", where);
            for (auto& p : batch) {
                if (is_own(p)) [[likely]] {
                    settle(p.release(), p.get_deleter(), way_back::released, where);
                }
                others |= p != nullptr;
            }
        }
        if constexpr (hears_of_drops) {
            for (auto p = batch.begin(); others && p != batch.end(); ++p) {
                if (*p) {
                    auto& core = p->get_deleter().slab().core();
                    core.take_back(p->release(), p->get_deleter(), way_back::released, &ledger_,
                                   where);
                }
            }
        }
    }

    /// Inside the door: makes as many packets as bucket `index` lacks now to `packets` idle ones,
    /// or throws and changes nothing.
    void reserve(std::size_t index, std::size_t packets)
    {
        auto& slab = slabs_[index];
        if (auto const room = slabs_.room(slab); packets > room) {
            throw_too_large("a number of idle packets", packets, room,
                            "raise the limit of the bucket, or max_idle_bytes");
        }
        auto const missing = packets - std::min(packets, slab.idle().count);
        std::size_t made = 0;
        try {
            for (; made < missing; ++made) {
                packet* const p = slab.make_idle_packet(source_);
                if (!slabs_.put_unused(slab, p)) { // what the source released takes its place
                    slab.free(source_, p);
                    break;
                }
            }
        } catch (...) {
            while (made > 0 && slab.free_unused(source_)) {
                --made;
            }
            counters_.reserved(index, made); // some were acquired meanwhile
            throw;
        }
        counters_.reserved(index, made);
    }

    /// Inside the door. How many each bucket frees is settled before the first is freed: what the
    /// source releases meanwhile stays.
    void decay() noexcept
    {
        auto const packets = of_each_bucket([](slab& each) { return each.surplus(); });
        for (std::size_t i = 0; i < packets.size(); ++i) {
            counters_.decayed(i, slabs_[i].free_oldest(source_, packets[i]));
            slabs_[i].shrink_slots();
        }
    }
    void trim() noexcept
    {
        auto const packets = of_each_bucket([](slab& each) { return each.low_water().idle; });
        for (std::size_t i = 0; i < packets.size(); ++i) {
            counters_.trimmed(i, slabs_[i].free_oldest(source_, packets[i]));
        }
    }

    /// Takes the idle packets of another core and leaves it as if new. Contract: nobody uses either
    /// meanwhile.
    void take_over(pool_core& other) noexcept
    {
        slabs_.close(source_);
        source_ = other.source_;
        slabs_.take_over(other.slabs_);
    }

    /// The pool is gone: idle packets are freed now, the others when they come back, by any thread,
    /// one at a time.
    void close() noexcept
        requires hears_of_drops
    {
        bool last = false;
        detach(); // whoever destroys a pool may
        {
            [[maybe_unused]] auto const held = enter("the destructor", {});
            if constexpr (care::reports) {
                ledger_.report();
            }
            slabs_.close(source_);
            after_.closed = true;
            last = nothing_left();
            detach();
        }
        if (last) {
            go();
        }
    }

private:
    [[nodiscard]] slab& exact() noexcept { return slabs_[bucket_count<Buckets>]; }

    template <class Number>
    [[nodiscard]] auto of_each_bucket(Number number) noexcept
    {
        std::array<std::uint32_t, bucket_count<Buckets>> numbers{};
        std::ranges::transform(slabs_.of_buckets(), numbers.begin(), number);
        return numbers;
    }

    [[nodiscard]] PKTPOOL_HOT packet* take(slab& from)
    {
        return from.take(source_, [this, &from](packet* idle) { put_back(from, idle); });
    }
    /// What a failed operation had popped. There is room, unless user code has filled it: then it
    /// was an acquire and a release after all.
    PKTPOOL_RARE void put_back(slab& to, packet* idle) noexcept
    {
        if (!slabs_.put(to, idle)) {
            to.free(source_, idle);
            counters_.lent(to.index(), 1, 1);
            counters_.came_back(to.index(), false);
        }
    }
    /// A batch that failed after `batch`, of which as many as `hits` were idle. Metadata is
    /// destroyed in front of the door, as on each way back.
    PKTPOOL_RARE void undo(slab& from, std::span<packet_ptr> batch, std::size_t hits,
                           typename cache::water_mark before, std::source_location where) noexcept
    {
        for (auto& p : batch) {
            destroy_metadata(*p);
        }
        [[maybe_unused]] auto const held = enter("acquire()", where);
        for (auto done = batch.size(); done > 0; --done) {
            packet* const p = batch[done - 1].release();
            if (done <= hits) {
                put_back(from, p);
            } else {
                from.undo_make(source_, p);
            }
        }
        from.restore(before, hits);
    }

    [[nodiscard]] PKTPOOL_HOT packet_ptr handle(slab& from, packet* p) noexcept
    {
        if constexpr (hears_of_drops) {
            return packet_ptr(p, deleter(from));
        } else {
            return packet_ptr(p, deleter(source_));
        }
    }
    [[nodiscard]] PKTPOOL_HOT packet_ptr lend_out(slab& from, packet* p, std::size_t size,
                                                  std::size_t hits,
                                                  std::source_location where) noexcept
    {
        counters_.lent(from.index(), hits, 1);
        lend(*p, size, ledger_, where);
        return handle(from, p);
    }

    [[nodiscard]] PKTPOOL_HOT bool is_own(packet_ptr const& p) const noexcept
    {
        if constexpr (hears_of_drops) {
            return p && &p.get_deleter().slab().core() == this;
        } else {
            return p != nullptr;
        }
    }

    /// The slab that may keep the packet, or null. Where handles know their source only, a pool of
    /// other buckets makes packets of the same type; what has both the index and the capacity of
    /// one of ours is as good as ours.
    [[nodiscard]] PKTPOOL_HOT slab* slab_for([[maybe_unused]] packet const& p,
                                             deleter const& from) noexcept
    {
        if constexpr (hears_of_drops) {
            return &from.slab();
        } else {
            return p.bucket < bucket_count<Buckets> && p.allocated == slabs_[p.bucket].capacity() &&
                           same_source(from.source(), source_)
                       ? &slabs_[p.bucket]
                       : nullptr;
        }
    }

    /// Inside the door: keeps a packet without metadata, or frees it. Returns whether it was the
    /// last of a pool that is gone.
    PKTPOOL_HOT bool settle(packet* p, deleter const& from, [[maybe_unused]] way_back how,
                            [[maybe_unused]] std::source_location where) noexcept
    {
        slab* const to = slab_for(*p, from);
        if constexpr (hears_of_drops) {
            if constexpr (care::hardened) {
                ledger_.remove(p->packet_guard(), where);
            }
            if (how == way_back::dropped) {
                counters_.dropped(to->index());
            }
            bool const kept = (how == way_back::released || Policies::drop::returns_dropped) &&
                              slabs_.put(*to, p);
            counters_.came_back(to->index(), kept);
            return !kept && refuse(*to, p);
        } else {
            if (to == nullptr || !slabs_.put(*to, p)) [[unlikely]] {
                auto source = from.source();
                free_packet(source, p);
            }
            return false;
        }
    }
    [[nodiscard]] PKTPOOL_RARE bool refuse(slab& from, packet* p) noexcept
    {
        from.destroy(source_, p);
        if constexpr (hears_of_drops) {
            if (after_.closed) {
                detach();
                return nothing_left();
            }
        }
        return false;
    }

    [[nodiscard]] bool nothing_left() noexcept
    {
        return std::ranges::all_of(slabs_, [](slab const& each) { return each.total() == 0; });
    }
    /// The last packet of a pool that is gone takes the core with it.
    PKTPOOL_RARE void go() noexcept
    {
        if constexpr (hears_of_drops) {
            delete this;
        }
    }

    PKTPOOL_NO_UNIQUE_ADDRESS mutable Threading threading_; // who asks also comes in
    PKTPOOL_NO_UNIQUE_ADDRESS source_type source_;
    PKTPOOL_NO_UNIQUE_ADDRESS ledger_type ledger_;
    PKTPOOL_NO_UNIQUE_ADDRESS
    counters<Policies::statistics::counts, bucket_count<Buckets>> counters_;
    struct after_its_pool {
        bool closed = false;
    };
    struct nothing {};
    PKTPOOL_NO_UNIQUE_ADDRESS
    std::conditional_t<hears_of_drops, after_its_pool, nothing> after_;
    slab_set<Buckets, Policies, slab> slabs_;
};

} // namespace pktpool
