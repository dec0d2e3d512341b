// Where a pool that hears of dropped handles keeps its slabs: in a home on the heap that its
// packets find and that lives until the last of them is back.
module;
#include <atomic>
#include <cstddef>
#include <memory>
#include <source_location>
#include <utility>

#include <gsl/span>

#include "pktpool_attributes.hpp"

export module pktpool:shared_home;

import :buckets;
import :life;
import :threading;
import :policies;
import :handle;
import :heap_slabs;

namespace pktpool {

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
        if (auto* const own = find()) {
            [[maybe_unused]] auto const held = own->enter("a move to a pool", where);
        }
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
