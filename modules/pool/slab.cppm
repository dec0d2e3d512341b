// basic_packet_slab: a single slab with its own lock and source.
module;
#include "../support/attributes.hpp"

export module pktpool:pool.slab;

import pktpool.standard;
import :support.error;
import :sizes.bucket;
import :policy.threading;
import :policy.policy_set;
import :packet.layout;
import :store.slab_core;
import :store.single_slab;
import :store.remote_list;
import :pool.core;
import :pool.core_storage;

namespace pktpool {

/// The bucket of a slab: given at run time, or by a policy of exactly one bucket.
export template <class B>
concept slab_bucket = std::same_as<B, runtime_bucket> || one_bucket_policy<B>;

template <class B>
struct slab_layout : std::type_identity<fixed_layout> {};
template <one_bucket_policy B>
struct slab_layout<B> : std::type_identity<layout_of<B>> {};

/// The idle packets of one bucket: the most recently returned one is acquired first, the oldest one
/// is freed first. Not copied. A moved-from slab is empty and can be used. Threads: as its
/// threading policy says, as for a pool; a move and the destructor need the slab for themselves.
export template <slab_bucket Bucket = runtime_bucket,
                 second_argument_is_a_threading_policy Threading = unchecked, class... Policies>
    requires further_policies<Policies...> && policies_fit_a_slab<Policies...> &&
             slab_has_no_remote_release<Threading>
class basic_packet_slab {
    using policies = policy_set<Policies...>;
    using source_type = typename policies::source;
    using core_type =
        pool_core<Bucket, Threading, policies, typename slab_layout<Bucket>::type, single_slab>;
    using here = std::source_location;
    static constexpr bool at_run_time = std::same_as<Bucket, runtime_bucket>;

public:
    using packet = typename core_type::packet;
    using packet_ptr = typename core_type::packet_ptr;

    /// A slab for packets of `allocate_size` bytes that keeps up to `limit` of them. Throws
    /// std::length_error above max_packet_size or max_bucket_limit. Allocates nothing.
    explicit basic_packet_slab(byte_count allocate_size, std::size_t limit = 10)
        requires at_run_time && std::default_initializable<source_type>
        : basic_packet_slab(allocate_size, limit, source_type{})
    {
    }
    /// The same with a source that has state.
    basic_packet_slab(byte_count allocate_size, std::size_t limit, source_type const& source)
        requires at_run_time
        : storage_(source, checked(allocate_size, limit))
    {
    }

    /// A slab for the bucket of the policy. Allocates nothing.
    basic_packet_slab() noexcept
        requires(!at_run_time) && std::default_initializable<source_type>
        : basic_packet_slab(source_type{})
    {
    }
    /// The same with a source that has state.
    explicit basic_packet_slab(source_type const& source) noexcept
        requires(!at_run_time)
        : storage_(source, Bucket::buckets.front())
    {
    }

    basic_packet_slab(basic_packet_slab&& other, here where = here::current()) noexcept
        : storage_(other.storage_.source(),
                   bucket{.size = other.allocate_size(), .limit = other.limit()})
    {
        move_core(other.storage_, "a move from a slab", storage_, "a move to a slab", where);
    }
    basic_packet_slab(basic_packet_slab const&) = delete;
    basic_packet_slab& operator=(basic_packet_slab const&) = delete;
    ~basic_packet_slab() = default;

    /// The most recently returned packet, or a new one of exactly allocate_size() bytes, with
    /// `Metadata{}`. Throws what source, metadata and threading policy throw, usually
    /// std::bad_alloc without memory. O(1).
    [[nodiscard]] packet_ptr alloc(here where = here::current())
    {
        return storage_.get().acquire(0, allocate_size(), "alloc()", where);
    }

    /// Keeps the packet if the slab is not full, and frees it otherwise; `p` is null afterwards.
    /// Returns whether it was kept; null is harmless. Throws std::invalid_argument for a packet of
    /// another capacity, which stays in `p`. If the threading policy throws, the packet is freed.
    /// With a run-time limit the first call allocates the slots. O(1).
    bool try_push_back(packet_ptr& p, here where = here::current())
    {
        auto& core = storage_.get();
        if (p && p->allocated != allocate_size()) {
            core.check_thread("try_push_back()", where);
            throw_wrong_capacity(p->allocated, allocate_size());
        }
        auto const from = p.get_deleter();
        return core.give_back(p.release(), from, return_reason::release, nullptr, "try_push_back()",
                              where);
    }

    /// Frees idle packets as the retention policy says: with fixed_limit the oldest one, O(1).
    void decay(here where = here::current()) noexcept { storage_.get().decay(where); }

    /// The next use may be on another thread; see the threading policy.
    void detach() noexcept { storage_.get().detach(); }

    [[nodiscard]] std::size_t allocate_size() const noexcept { return slab().capacity(); }
    [[nodiscard]] std::size_t limit() const noexcept { return slab().limit(); }
    [[nodiscard]] idle_packets idle(here where = here::current()) const noexcept
    {
        return storage_.find()->idle(where);
    }

private:
    [[nodiscard]] auto const& slab() const noexcept { return (*storage_.find())[0]; }

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

    inline_core<core_type> storage_;
};

/// As libtorrent's: no check of the thread.
export using packet_slab = basic_packet_slab<>;

static_assert(!std::is_copy_constructible_v<packet_slab>);
static_assert(std::is_nothrow_move_constructible_v<packet_slab>);

} // namespace pktpool
