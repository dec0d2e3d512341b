// Where a pool that hears of dropped handles keeps its slabs: in a home on the heap that its
// packets find and that lives until the last of them is back.
module;
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <source_location>
#include <string_view>
#include <utility>

#include <gsl/span>

#include "pktpool_attributes.hpp"

export module pktpool:shared_home;

import :source;
import :buckets;
import :threading;
import :policies;
import :handle;
import :cache;
import :guard;
import :life;
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

/// The slabs are on the heap from the first acquire on, where they stay when the pool moves and as
/// long as packets are out.
template <bucket_policy Buckets, threading_policy Threading, class Policies>
class shared_home {
public:
    using packet = typename Policies::packet;
    using source_type = typename Policies::source;
    using slabs = heap_slabs<Buckets, Threading, Policies>;
    using slab = typename slabs::slab;
    using packet_ptr = std::unique_ptr<packet, homing_deleter<packet, slab>>;

    explicit shared_home(source_type const& source) noexcept : source_(source) {}
    shared_home(shared_home const&) = delete;
    shared_home& operator=(shared_home const&) = delete;
    ~shared_home() { close(); }

    [[nodiscard]] source_type const& source() const noexcept { return source_; }
    [[nodiscard]] PKTPOOL_HOT slabs& open()
    {
        auto* const built = find();
        return built != nullptr ? *built : build();
    }
    /// As one plain load where the processor orders loads anyway.
    [[nodiscard]] PKTPOOL_HOT slabs* find() const noexcept
    {
        return slabs_.load(std::memory_order_acquire);
    }

    [[nodiscard]] PKTPOOL_HOT static packet_ptr handle(packet* p, slab& from) noexcept
    {
        return packet_ptr(p, typename packet_ptr::deleter_type(from));
    }
    /// Fills a batch of null handles with packets above the largest bucket, or throws and changes
    /// nothing.
    PKTPOOL_RARE void make_exact(std::size_t size, gsl::span<packet_ptr> batch,
                                 std::source_location where)
    {
        auto& slabs = *find();
        auto& exact = slabs.exact();
        auto const wrap = [&exact](packet* p) { return handle(p, exact); };
        slabs.take(exact, size, size, batch, wrap, where);
    }

    /// A packet of another pool goes home to that one, unless a guard watches over it.
    PKTPOOL_HOT void release(packet_ptr p, std::source_location where) noexcept
    {
        if (p) {
            auto& from = p.get_deleter().slab();
            from.home().release(from, p.release(), ledger(), where);
        }
    }

    void release(gsl::span<packet_ptr> batch, std::source_location where) noexcept
    {
        auto* const slabs = find();
        auto const is_own = [slabs](packet_ptr const& p) {
            return p && &p.get_deleter().slab().home() == slabs;
        };
        bool others = slabs == nullptr;
        if (!others) {
            for (auto& p : batch) {
                if (is_own(p)) {
                    retire(*p, ledger(), where);
                }
            }
            [[maybe_unused]] auto const held = slabs->enter("release()", where);
            for (auto& p : batch) {
                if (is_own(p)) [[likely]] {
                    auto& from = p.get_deleter().slab();
                    slabs->take_back(from, p.release());
                }
                others |= p != nullptr;
            }
        }
        if (others) [[unlikely]] { // they go home, through doors of their own
            for (auto& p : batch) {
                release(std::move(p), where);
            }
        }
    }

    void take_over(shared_home& other, std::source_location where) noexcept
    {
        auto* const taken = other.find();
        if (taken != nullptr) {
            [[maybe_unused]] auto const held = taken->enter("a move from a pool", where);
        }
        close();
        source_ = other.source_;
        slabs_ = taken;
        other.slabs_ = nullptr;
        if (taken != nullptr) {
            taken->detach();
        }
    }

private:
    /// Two threads may come first at once, where the threading policy lets them.
    PKTPOOL_RARE slabs& build()
    {
        auto* const built = new slabs(source_);
        slabs* first = nullptr;
        if (slabs_.compare_exchange_strong(first, built, std::memory_order_acq_rel)) {
            return *built;
        }
        built->close();
        return *first;
    }

    /// Only a guard asks which pool a packet was brought to.
    [[nodiscard]] typename packet::care::ledger const* ledger() const noexcept
    {
        if constexpr (packet::care::hardened) {
            auto const* const slabs = find();
            return slabs != nullptr ? &slabs->ledger() : nullptr;
        } else {
            return nullptr;
        }
    }

    void close() noexcept
    {
        if (auto* const slabs = find()) {
            slabs->close();
        }
    }

    PKTPOOL_NO_UNIQUE_ADDRESS source_type source_;
    std::atomic<slabs*> slabs_ = nullptr;
};

} // namespace pktpool
