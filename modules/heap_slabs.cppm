// Slabs that packets find home to: on the heap, where they stay until the last packet is back.
module;
#include <algorithm>
#include <cstddef>
#include <source_location>
#include <string_view>

#include "pktpool_attributes.hpp"

export module pktpool:heap_slabs;

import :buckets;
import :life;
import :threading;
import :policies;
import :cache;
import :slabs;

namespace pktpool {

/// A slab that its packets find home to. At a stride of a power of two the look-up of a bucket
/// needs no multiplication, and what an acquire touches is in one line of the cache.
template <class Home, class Cache>
class alignas(64) homing_slab : public Cache {
public:
    void belong_to(Home& home) noexcept { home_ = &home; }
    [[nodiscard]] Home& home() const noexcept { return *home_; }

    template <class Packet>
    PKTPOOL_HOT void drop(Packet* p) noexcept
    {
        home_->drop(*this, p);
    }

private:
    Home* home_ = nullptr;
};

/// The slabs of a pool that hears of dropped handles. Lives until its pool and its last packet are
/// gone, and then goes by itself.
template <bucket_policy Buckets, threading_policy Threading, class Policies>
class heap_slabs
    : public slab_set<Buckets, Threading, Policies,
                      homing_slab<heap_slabs<Buckets, Threading, Policies>,
                                  bucket_cache<typename Policies::packet, typename Policies::source,
                                               typename Policies::retention>>> {
    using base = typename heap_slabs::slab_set;

public:
    using packet = typename Policies::packet;
    using slab =
        homing_slab<heap_slabs,
                    bucket_cache<packet, typename Policies::source, typename Policies::retention>>;

    explicit heap_slabs(typename Policies::source const& source) noexcept : base(source)
    {
        for (auto& each : *this) {
            each.belong_to(*this);
        }
        exact_.belong_to(*this);
    }

    /// The slab of packets above the largest bucket: it has no slots and so refuses each.
    [[nodiscard]] slab& exact() noexcept { return exact_; }

    /// A handle of the slab was destroyed.
    PKTPOOL_HOT void drop(slab& from, packet* p) noexcept
    {
        retire(*p, &this->ledger_);
        come_home(from, p, "a dropped handle", {}, true);
    }
    /// The user released a packet of the slab to the pool with that ledger.
    PKTPOOL_HOT void release(slab& from, packet* p, typename packet::care::ledger const* pool,
                             std::source_location where) noexcept
    {
        retire(*p, pool, where);
        come_home(from, p, "release()", where, false);
    }
    /// The same inside the door, for a packet that was retired outside of it.
    PKTPOOL_HOT void take_back(slab& from, packet* p) noexcept
    {
        if (!this->put(from, p)) [[unlikely]] {
            from.destroy(this->source(), p);
        }
    }

    /// The pool is gone: idle packets are freed now, the others when they come home.
    void close() noexcept
    {
        bool last = false;
        this->detach(); // whoever destroys a pool may, and so may whoever drops a packet after that
        {
            [[maybe_unused]] auto const held = this->enter("the destructor", {});
            closed_ = true;
            if constexpr (packet::care::reports) {
                this->ledger_.report();
            }
            for (auto& each : *this) {
                each.close(this->source());
            }
            last = nothing_left();
            this->detach();
        }
        if (last) {
            go();
        }
    }

private:
    ~heap_slabs() = default;

    /// The last packet of a pool that is gone takes its home with it.
    PKTPOOL_HOT void come_home(slab& to, packet* p, std::string_view operation,
                               std::source_location where, bool dropped) noexcept
    {
        bool last = false;
        {
            [[maybe_unused]] auto const held = this->enter(operation, where);
            if (dropped) {
                this->counters_.dropped(to.index());
            }
            if (!this->put(to, p, !dropped || Policies::drop::returns_dropped)) [[unlikely]] {
                last = refuse(to, p);
            }
        } // what was held is a part of what goes now
        if (last) [[unlikely]] {
            go();
        }
    }

    [[nodiscard]] bool nothing_left() noexcept
    {
        return exact_.total() == 0 &&
               std::ranges::all_of(*this, [](slab const& each) { return each.total() == 0; });
    }

    /// Frees the packet and says whether it was the last of a pool that is gone.
    [[nodiscard]] PKTPOOL_RARE bool refuse(slab& from, packet* p) noexcept
    {
        from.destroy(this->source(), p);
        return closed_ && nothing_left();
    }

    PKTPOOL_RARE void go() noexcept { delete this; }

    slab exact_;
    bool closed_ = false;
};

} // namespace pktpool
