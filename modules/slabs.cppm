// The slabs of a pool and the door in front of them.
module;
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string_view>

#include <gsl/narrow>
#include <gsl/span>

#include "pktpool_attributes.hpp"

export module pktpool:slabs;

import :error;
import :source;
import :buckets;
import :checkers;
import :life;
import :statistics;
import :threading;
import :policies;
import :cache;

namespace pktpool {

/// A slab a bucket. `Slab` is the bucket_cache of these policies, or derived from it.
template <bucket_policy Buckets, threading_policy Threading, class Policies, class Slab>
class slab_set {
public:
    using packet = typename Policies::packet;
    using source_type = typename Policies::source;

    static constexpr bool bounded =
        Policies::idle_bound::most_idle_bytes != unbounded_idle::most_idle_bytes;

    explicit slab_set(source_type const& source) noexcept : source_(source)
    {
        for (std::size_t i = 0; i < slabs_.size(); ++i) {
            slabs_[i].open(Buckets::buckets[i], gsl::narrow_cast<std::uint8_t>(i));
        }
        find_slots();
    }
    slab_set(slab_set const&) = delete;
    slab_set& operator=(slab_set const&) = delete;
    ~slab_set() { trim(); }

    [[nodiscard]] PKTPOOL_HOT auto enter(std::string_view operation,
                                         std::source_location where) const
    {
        return threading_.enter(operation, where);
    }
    void detach() noexcept { threading_.detach(); }

    [[nodiscard]] source_type& source() noexcept { return source_; }
    [[nodiscard]] source_type const& source() const noexcept { return source_; }
    [[nodiscard]] Slab& operator[](std::size_t index) noexcept { return slabs_[index]; }
    [[nodiscard]] Slab const& operator[](std::size_t index) const noexcept { return slabs_[index]; }
    [[nodiscard]] auto begin() noexcept { return slabs_.begin(); }
    [[nodiscard]] auto end() noexcept { return slabs_.end(); }

    /// A packet of the slab, lent to the user as `size` bytes.
    [[nodiscard]] PKTPOOL_HOT packet* take(Slab& slab, std::size_t size, std::source_location where)
    {
        auto const idle = counters_.idle(slab);
        packet* const p = slab.take(source_);
        counters_.lent(slab.index(), idle > 0 ? 1 : 0, 1);
        lend(*p, size, ledger_, where);
        return p;
    }

    /// Fills a batch of null handles with them, or throws and changes nothing. What is new has
    /// `capacity`.
    template <class Handle, class Wrap>
    void take(Slab& slab, std::size_t size, std::size_t capacity, gsl::span<Handle> batch,
              Wrap wrap, std::source_location where)
    {
        auto const idle = counters_.idle(slab);
        slab.take(source_, capacity, batch, wrap);
        counters_.lent(slab.index(), std::min(idle, batch.size()), batch.size());
        if constexpr (memory_is_checked || packet::care::hardened || packet::room::any) {
            for (auto& p : batch) {
                lend(*p, size, ledger_, where);
            }
        }
    }

    /// Whether the slab took the retired packet: it is wanted, the slab has room, and so has the
    /// bound on all idle bytes.
    [[nodiscard]] PKTPOOL_HOT bool put(Slab& slab, packet* p, bool wanted = true) noexcept
    {
        if constexpr (packet::care::hardened) {
            ledger_.remove(p->packet_guard());
        }
        bool const kept = wanted && has_room_for_one(slab) && slab.put(p);
        counters_.came_back(slab.index(), kept);
        return kept;
    }

    /// Makes packets until `packets` of the slab are idle, or throws and changes nothing.
    void reserve(Slab& slab, std::size_t packets)
    {
        if (auto const room = this->room(slab); packets > room) {
            throw_too_large("a number of idle packets", packets, room,
                            "raise the limit of the bucket, or max_idle_bytes");
        }
        auto const idle = counters_.idle(slab);
        slab.reserve(source_, gsl::narrow_cast<std::uint32_t>(packets));
        counters_.reserved(slab.index(), counters_.idle(slab) - idle);
    }

    void decay() noexcept
    {
        for (auto& each : slabs_) {
            auto const idle = counters_.idle(each);
            each.decay(source_);
            counters_.decayed(each.index(), idle - counters_.idle(each));
        }
    }

    void trim() noexcept
    {
        for (auto& each : slabs_) {
            counters_.trimmed(each.index(), counters_.idle(each));
            each.trim(source_);
        }
    }

    [[nodiscard]] idle_packets idle() const noexcept
    {
        idle_packets sum;
        for (auto const& each : slabs_) {
            sum.count += each.idle().count;
            sum.bytes += each.idle().bytes;
        }
        return sum;
    }

    [[nodiscard]] auto statistics() const noexcept { return counters_.snapshot(slabs_); }
    [[nodiscard]] auto const& ledger() const noexcept { return ledger_; }

    /// Takes the idle packets of another set, which stays usable. This one must be trimmed.
    void take_over(slab_set& other) noexcept
    {
        source_ = other.source_;
        slabs_ = other.slabs_;
        find_slots(); // the packets move with it
        for (auto& each : other.slabs_) {
            each.forget();
        }
        other.find_slots();
    }

protected:
    // NOLINTBEGIN(cppcoreguidelines-non-private-member-variables-in-classes): heap_slabs lends, too
    PKTPOOL_NO_UNIQUE_ADDRESS typename packet::care::ledger ledger_;
    PKTPOOL_NO_UNIQUE_ADDRESS
    counters<Policies::statistics::counts, bucket_count<Buckets>> counters_;
    // NOLINTEND(cppcoreguidelines-non-private-member-variables-in-classes)

private:
    [[nodiscard]] PKTPOOL_HOT bool
    has_room_for_one([[maybe_unused]] Slab const& slab) const noexcept
    {
        return !bounded ||
               idle().bytes + slab.bytes_each() <= Policies::idle_bound::most_idle_bytes;
    }

    /// How many packets may be idle in the slab beside those of the others.
    [[nodiscard]] std::size_t room(Slab const& slab) const noexcept
    {
        auto const others = idle().bytes - slab.idle().bytes;
        return std::min<std::size_t>(
            slab.ceiling(), (Policies::idle_bound::most_idle_bytes - others) / slab.bytes_each());
    }

    /// Where the slots of each bucket start in the one array, and in the end their number.
    static constexpr auto slot_offsets = [] {
        std::array<std::size_t, bucket_count<Buckets> + 1> offsets{};
        for (std::size_t i = 0; i < bucket_count<Buckets>; ++i) {
            offsets[i + 1] = offsets[i] + Slab::own_slots(Buckets::buckets[i]);
        }
        return offsets;
    }();

    void find_slots() noexcept
    {
        if constexpr (!Slab::grows) {
            for (std::size_t i = 0; i < slabs_.size(); ++i) {
                slabs_[i].move_to(slots_.data() + slot_offsets[i]);
            }
        }
    }

    PKTPOOL_NO_UNIQUE_ADDRESS mutable Threading threading_; // who asks also comes in
    PKTPOOL_NO_UNIQUE_ADDRESS source_type source_;
    std::array<Slab, bucket_count<Buckets>> slabs_{};
    std::array<packet*, slot_offsets.back()> slots_;
};

} // namespace pktpool
