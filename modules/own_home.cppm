// Where a pool that does not hear of dropped handles keeps its slabs: in itself.
module;
#include <cstddef>
#include <memory>
#include <source_location>

#include <gsl/span>

#include "pktpool_attributes.hpp"

export module pktpool:own_home;

import :source;
import :buckets;
import :packet;
import :life;
import :threading;
import :policies;
import :cache;
import :slabs;

namespace pktpool {

/// The slabs are a part of the pool, and a handle knows its source only.
template <bucket_policy Buckets, threading_policy Threading, class Policies>
class own_home {
public:
    using packet = typename Policies::packet;
    using source_type = typename Policies::source;
    using slab = bucket_cache<packet, source_type, typename Policies::retention>;
    using slabs = slab_set<Buckets, Threading, Policies, slab>;
    using packet_ptr = std::unique_ptr<packet, basic_packet_deleter<packet, source_type>>;

    explicit own_home(source_type const& source) noexcept : slabs_(source) {}

    [[nodiscard]] source_type const& source() const noexcept { return slabs_.source(); }
    [[nodiscard]] slabs& open() noexcept { return slabs_; }
    [[nodiscard]] slabs* find() noexcept { return &slabs_; }
    [[nodiscard]] slabs const* find() const noexcept { return &slabs_; }

    [[nodiscard]] PKTPOOL_HOT packet_ptr handle(packet* p, slab&) noexcept { return handle(p); }
    /// Fills a batch of null handles with packets above the largest bucket, or throws and changes
    /// nothing.
    PKTPOOL_RARE void make_exact(std::size_t size, gsl::span<packet_ptr> batch,
                                 std::source_location)
    {
        try {
            for (auto& p : batch) {
                p = handle(make_packet<packet>(slabs_.source(), size, no_bucket));
            }
        } catch (...) {
            for (auto& p : batch) {
                p.reset();
            }
            throw;
        }
    }

    PKTPOOL_HOT void release(packet_ptr p, std::source_location where) noexcept
    {
        if (p) {
            retire(*p); // outside the door: it may run code of the user's
        }
        [[maybe_unused]] auto const held = slabs_.enter("release()", where);
        if (p) {
            put(p);
        }
    }

    void release(gsl::span<packet_ptr> batch, std::source_location where) noexcept
    {
        for (auto& p : batch) {
            if (p) {
                retire(*p);
            }
        }
        [[maybe_unused]] auto const held = slabs_.enter("release()", where);
        for (auto& p : batch) {
            if (p) {
                put(p);
                p.reset();
            }
        }
    }

    /// Takes the idle packets of another pool; the next use binds this one anew.
    void take_over(own_home& other, std::source_location where) noexcept
    {
        {
            [[maybe_unused]] auto const held = other.slabs_.enter("a move from a pool", where);
            slabs_.trim();
            slabs_.take_over(other.slabs_);
        }
        slabs_.detach();
    }

private:
    [[nodiscard]] packet_ptr handle(packet* p) noexcept
    {
        return packet_ptr(p, typename packet_ptr::deleter_type(slabs_.source()));
    }

    /// A pool of other buckets makes packets of the same type; what has both the index and the
    /// capacity of one of ours is as good as ours. A packet that is not kept stays in `p`.
    PKTPOOL_HOT void put(packet_ptr& p) noexcept
    {
        if (p->bucket < bucket_count<Buckets> && p->allocated == slabs_[p->bucket].capacity() &&
            same_source(p.get_deleter().source(), slabs_.source()) &&
            slabs_.put(slabs_[p->bucket], p.get())) {
            static_cast<void>(p.release());
        }
    }

    slabs slabs_;
};

} // namespace pktpool
