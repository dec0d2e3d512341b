// A slab: the idle packets of one bucket.
module;
#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

#include "pktpool_attributes.hpp"

export module pktpool:slab;

import :error;
import :source;
import :buckets;
import :room;
import :packet;
import :life;
import :threading;
import :retention;
import :policies;
import :cache;

namespace pktpool {

/// Instead of a bucket policy: size and limit of the slab are given to its constructor.
export struct runtime_bucket {};

template <class B>
concept one_bucket_policy = bucket_policy<B> && B::buckets.size() == 1;

/// A slab's bucket: given at run time, or by a policy of exactly one bucket.
export template <class B>
concept slab_bucket = std::same_as<B, runtime_bucket> || one_bucket_policy<B>;

template <class B>
struct room_of_slab : std::type_identity<no_room> {};
template <one_bucket_policy B>
struct room_of_slab<B> : std::type_identity<room_of<B>> {};

/// The idle packets of one bucket, most recently returned first out, oldest first decayed.
/// Moved from, it is as new. Not copied. Threads: as its threading policy says, as a pool.
export template <slab_bucket Bucket = runtime_bucket, threading_policy Threading = unchecked,
                 class... Policies>
    requires further_policies<Policies...> && policies_fit_a_slab<Policies...>
class basic_packet_slab {
    using policies = policy_set<typename room_of_slab<Bucket>::type, Policies...>;
    using source_type = typename policies::source;
    using here = std::source_location;
    static constexpr bool at_run_time = std::same_as<Bucket, runtime_bucket>;
    using cache =
        bucket_cache<typename policies::packet, source_type, typename policies::retention>;
    static constexpr std::size_t slot_count = [] {
        if constexpr (at_run_time) {
            return 0;
        } else {
            return cache::own_slots(Bucket::buckets.front());
        }
    }();
    using slots = std::conditional_t<at_run_time, std::unique_ptr<typename policies::packet*[]>,
                                     std::array<typename policies::packet*, slot_count>>;

public:
    using packet = typename policies::packet;
    using packet_ptr = std::unique_ptr<packet, basic_packet_deleter<packet, source_type>>;

    /// A slab for packets of `allocate_size` bytes that keeps up to `limit` of them. Throws
    /// std::length_error above max_packet_size or max_bucket_limit. Allocates nothing.
    explicit basic_packet_slab(byte_count allocate_size, std::size_t limit = 10)
        requires at_run_time && std::default_initializable<source_type>
        : basic_packet_slab(allocate_size, limit, source_type{})
    {
    }
    /// The same over a source with state.
    basic_packet_slab(byte_count allocate_size, std::size_t limit, source_type const& source)
        requires at_run_time
        : source_(source)
    {
        cache_.open(checked(allocate_size, limit), no_bucket);
    }

    /// A slab for the one bucket of the policy. Allocates nothing.
    basic_packet_slab() noexcept
        requires(!at_run_time) && std::default_initializable<source_type>
        : basic_packet_slab(source_type{})
    {
    }
    /// The same over a source with state.
    explicit basic_packet_slab(source_type const& source) noexcept
        requires(!at_run_time)
        : source_(source)
    {
        cache_.open(Bucket::buckets.front(), no_bucket);
        cache_.move_to(slots_.data());
    }

    basic_packet_slab(basic_packet_slab&& other, here where = here::current()) noexcept
        : source_(other.source_)
    {
        other.check_door("a move from a slab", where);
        cache_.open({.size = other.allocate_size(), .limit = other.limit()}, no_bucket);
        cache_.take_over(other.cache_);
        if constexpr (at_run_time) {
            slots_ = std::move(other.slots_);
        } else {
            cache_.move_to(slots_.data());
            other.cache_.move_to(other.slots_.data());
        }
        other.detach();
    }
    basic_packet_slab(basic_packet_slab const&) = delete;
    basic_packet_slab& operator=(basic_packet_slab const&) = delete;
    ~basic_packet_slab() { cache_.close(source_); }

    /// The most recently returned packet, else a new one of exactly allocate_size() bytes; its
    /// metadata is `Metadata{}`. Throws std::bad_alloc when memory is out. O(1).
    [[nodiscard]] packet_ptr alloc(here where = here::current())
    {
        [[maybe_unused]] auto const held = threading_.enter("alloc()", where);
        auto* const p = cache_.take(source_, [this](packet* idle) {
            if (!cache_.put(idle)) {
                cache_.free(source_, idle);
            }
        });
        lend(*p, p->allocated, ledger_, where);
        return packet_ptr(p, typename packet_ptr::deleter_type(source_));
    }

    /// Takes the packet when there is room, else frees it; either way `p` becomes null. Returns
    /// whether it was kept; null is harmless. A packet of another capacity is refused with
    /// std::invalid_argument and stays in `p`. O(1).
    bool try_push_back(packet_ptr& p, here where = here::current())
    {
        if (!p || p->allocated != cache_.capacity()) {
            check_door("try_push_back()", where);
            if (p) {
                throw_wrong_capacity(p->allocated, cache_.capacity());
            }
            return false;
        }
        auto source = p.get_deleter().source();
        auto* const back = p.release();
        retire(*back);
        try {
            [[maybe_unused]] auto const held = threading_.enter("try_push_back()", where);
            find_slots();
            bool const kept = same_source(source, source_) && cache_.put(back);
            if (!kept) {
                free_packet(source, back);
            }
            return kept;
        } catch (...) { // from the threading policy
            free_packet(source, back);
            throw;
        }
    }

    /// Gives back what the retention policy says: with fixed_limit the oldest idle packet, O(1).
    void decay(here where = here::current()) noexcept
    {
        [[maybe_unused]] auto const held = threading_.enter("decay()", where);
        cache_.free_oldest(source_, cache_.surplus());
    }

    /// The next use may come from another thread; see the threading policy.
    void detach() noexcept { threading_.detach(); }

    [[nodiscard]] std::size_t allocate_size() const noexcept { return cache_.capacity(); }
    [[nodiscard]] std::size_t limit() const noexcept { return cache_.limit(); }
    [[nodiscard]] idle_packets idle(here where = here::current()) const noexcept
    {
        [[maybe_unused]] auto const held = threading_.enter("idle()", where);
        return cache_.idle();
    }

private:
    void check_door(std::string_view operation, here where) const
    {
        [[maybe_unused]] auto const held = threading_.enter(operation, where);
    }

    static bucket checked(std::size_t allocate_size, std::size_t limit)
    {
        if (allocate_size > max_packet_size) {
            throw_size_too_large(allocate_size, max_packet_size);
        }
        if (limit > max_bucket_limit) {
            throw_too_large("a limit", limit, max_bucket_limit,
                            "a slab has two slots for each packet");
        }
        return {.size = allocate_size, .limit = limit};
    }

    /// The slots of a run-time limit come with the first packet that returns, so that neither a
    /// constructor nor a move can fail. Without memory for them packets are freed, not kept.
    void find_slots() noexcept
    {
        if constexpr (at_run_time) {
            if (!slots_) {
                auto const count = cache::own_slots({.size = allocate_size(), .limit = limit()});
                slots_.reset(new (std::nothrow) packet*[count]);
                if (slots_) {
                    cache_.move_to(slots_.get());
                }
            }
        }
    }

    PKTPOOL_NO_UNIQUE_ADDRESS mutable Threading threading_; // who asks also comes in
    PKTPOOL_NO_UNIQUE_ADDRESS typename packet::care::ledger ledger_;
    PKTPOOL_NO_UNIQUE_ADDRESS source_type source_;
    cache cache_;
    slots slots_{};
};

export using packet_slab = basic_packet_slab<>;

static_assert(!std::is_copy_constructible_v<packet_slab>);
static_assert(std::is_nothrow_move_constructible_v<packet_slab>);

} // namespace pktpool
