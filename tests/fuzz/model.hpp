// The reference: the expected state of pools, packets and memory after each operation.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <limits>
#include <list>
#include <optional>
#include <string_view>
#include <vector>

#include "call_sites.hpp"
#include "contents.hpp"
#include "counters.hpp"
#include "packet_log.hpp"
#include "rules.hpp"

namespace fuzz {

/// The address of a packet, and the start of its datagram.
struct location {
    void const* packet = nullptr;
    std::byte* datagram = nullptr;

    bool operator==(location const&) const = default;
};

/// A packet in a slab, or on its list.
struct idle_packet {
    static constexpr auto unknown = std::numeric_limits<std::size_t>::max();

    location at; ///< null for a reserved packet: its address is not known yet
    writing wrote;
    // With an owner only. The slab has the packet since one of the operations from `since` to
    // `until`.
    std::size_t since = 0;
    std::size_t until = 0; ///< unknown: it may be on the list
    std::size_t capacity = 0;
    bool stays = true; ///< else the owner frees it when it takes it
    bool dropped = false;

    [[nodiscard]] bool may_wait() const { return until == unknown; }
};

/// One bucket of a pool.
struct slab {
    std::vector<idle_packet> idle; ///< the oldest first
    std::size_t peak = 0;          ///< the most outstanding since the last decay
    std::size_t mark = 0;          ///< packets that the traffic needs: see surplus()
    counters count; ///< except current values, which are computed from the other members
    // Freed by other threads since the owner looked for the last time, and dropped ones of them.
    std::size_t unseen = 0;
    std::size_t unseen_drops = 0;
    // Packets of the list that a failed acquire freed: it may have counted each as a hit, too.
    std::size_t maybe_hits = 0;
    std::size_t most_seen = 0; ///< as most_outstanding, if the owner looks as late as possible
};

/// The core of a pool. It may outlive the pool, and it moves with it.
struct core {
    std::size_t source = 0;           ///< of the packets
    std::vector<slab> slabs;          ///< one per bucket, and one for exact-size packets
    bool built = false;               ///< allocated, if it is on the heap
    bool has_pool = true;             ///< while its pool exists
    std::size_t outstanding = 0;      ///< of all buckets
    std::size_t most_outstanding = 0; ///< at the same time
    std::size_t acquired = 0;         ///< so far
    counted_rows remembered;
    // With single_owner only.
    std::optional<std::size_t> owner; ///< thread
    std::size_t user = 0;             ///< the thread that acquires: its next owner, if it has none
    std::size_t most_seen = 0;        ///< see slab
};

/// A packet in the user's hands.
struct outstanding_packet {
    location at;
    core* from = nullptr;
    std::size_t bucket = 0; ///< number of buckets for an exact-size packet
    std::size_t capacity = 0;
    std::size_t call_site = unknown_call_site; ///< of the acquire
    bool is_recorded = false;                  ///< whether the call site is recorded
    contents holds;
};

/// Pools of one type that exchange packets. The model has no failures: operations that threw are
/// not played on it. With single_owner it is told which packets each call made and freed, because a
/// pool may take packets from a list sooner or later; complaint() says what was not allowed.
class model {
public:
    explicit model(rules const& of) : rules_(of) {}

    [[nodiscard]] bool exists(std::size_t pool) const { return pools_.at(pool) != nullptr; }
    [[nodiscard]] std::size_t bucket_of(std::size_t size) const;
    [[nodiscard]] std::size_t capacity_for(std::size_t size) const;
    /// The idle packets of the bucket for `size`, the newest last.
    [[nodiscard]] std::vector<idle_packet> const& idle_for(std::size_t pool,
                                                           std::size_t size) const;
    /// How many packets of the bucket for `size` may be idle, given those of other buckets.
    [[nodiscard]] std::size_t most_idle(std::size_t pool, std::size_t size) const;

    void create(std::size_t pool, std::size_t source);
    void destroy(std::size_t pool);
    void move_construct(std::size_t to, std::size_t from);
    void move_assign(std::size_t to, std::size_t from);

    /// The first operation that needs the core makes it, also if the operation fails afterwards.
    void build_core(std::size_t pool) { core_of(pool).built = true; }
    [[nodiscard]] bool has_core(std::size_t pool) const { return core_of(pool).built; }
    /// Whether the pool has its threading policy, which is in the core.
    [[nodiscard]] bool has_lock(std::size_t pool) const
    {
        return !rules_.slabs_on_heap || has_core(pool);
    }
    /// Drops a packet that was in the slot, as an assignment does.
    void acquire(std::size_t pool, std::size_t size, std::size_t slot, std::size_t call_site,
                 location const& at);
    /// The user changes the contents.
    [[nodiscard]] contents& inside(std::size_t slot) { return slots_.at(slot)->holds; }
    void release(std::size_t pool, std::size_t slot);
    void drop(std::size_t slot);
    /// The packet of the slot is released, and its contents are in another one.
    void shrink(std::size_t pool, std::size_t slot, std::size_t call_site, location const& at);
    void reserve(std::size_t pool, std::size_t size, std::size_t packets);
    void decay(std::size_t pool);
    void trim(std::size_t pool);

    [[nodiscard]] std::optional<outstanding_packet> const& slot(std::size_t index) const
    {
        return slots_.at(index);
    }
    [[nodiscard]] bool is_idle(void const* packet) const;
    /// Whether the packet is outstanding, or idle in a pool.
    [[nodiscard]] bool is_live(void const* packet) const;
    [[nodiscard]] amount idle(std::size_t pool, std::size_t bucket) const;
    [[nodiscard]] amount idle(std::size_t pool) const;
    [[nodiscard]] std::size_t source_of(std::size_t pool) const;

    [[nodiscard]] std::size_t outstanding(std::size_t pool) const
    {
        return core_of(pool).outstanding;
    }
    /// `found` decides what is up to the pool, within the bounds.
    [[nodiscard]] counted_rows counted(std::size_t pool, counted_rows const& found) const;
    /// The counts since the last call.
    [[nodiscard]] counted_rows counted_since(std::size_t pool, counted_rows const& found);
    /// The outstanding packets of the pool whose call sites were recorded.
    [[nodiscard]] std::vector<call_site_packets> recorded(std::size_t pool) const;
    /// Whether the packet in the slot was acquired from the pool.
    [[nodiscard]] bool is_from(std::size_t pool, std::size_t slot) const
    {
        return slots_.at(slot)->from == pools_.at(pool);
    }

    /// Idle and outstanding packets whose memory is from the source.
    [[nodiscard]] amount packets_of(std::size_t source) const { return memory_.at(source); }
    [[nodiscard]] std::size_t outstanding() const { return outstanding_; }
    /// Blocks that are not packets: cores, and slots that grow with the packets.
    [[nodiscard]] std::size_t fewest_blocks() const;
    [[nodiscard]] std::size_t most_blocks() const;

    // With single_owner.

    /// Begins an operation on a thread, after its call.
    void observe(std::size_t thread, packet_changes changes);
    /// The packets that the owner has taken in the call and that its slab does not keep. A call
    /// that failed puts back those of the slab and of the list, and the slab keeps as many as
    /// always.
    void take_refused(std::size_t pool, bool failed);
    /// The owner takes all packets of the lists.
    void take_all(std::size_t pool);
    /// The call drops packets first, and then takes from the lists of the pool.
    void takes_later(std::size_t pool) { takes_later_ = pools_.at(pool); }
    /// Ends the part of an operation that gives packets back: those that were freed because of
    /// max_idle_bytes would still exceed it.
    void check_refused();
    /// Ends an operation. Empty if all was as documented.
    [[nodiscard]] std::string_view complaint();

    /// The thread whose calls the pool accepts.
    [[nodiscard]] std::size_t user(std::size_t pool) const { return core_of(pool).user; }
    [[nodiscard]] bool is_bound(std::size_t pool) const { return core_of(pool).owner.has_value(); }
    void bind(std::size_t pool)
    {
        if (core_of(pool).built) {
            core_of(pool).owner = core_of(pool).user;
        }
    }
    void detach(std::size_t pool, std::size_t next_user);
    /// How many acquires of that size surely find an idle packet, for every threading policy.
    [[nodiscard]] std::size_t sure_hits(std::size_t pool, std::size_t size) const;
    /// The idle packets of the bucket for `size`, when the owner has taken all.
    [[nodiscard]] std::size_t kept(std::size_t pool, std::size_t size) const
    {
        return kept_of(core_of(pool).slabs.at(bucket_of(size)), bucket_of(size));
    }
    /// The packet is idle, and the next acquire may return it.
    [[nodiscard]] std::optional<idle_packet> idle_at(std::size_t pool, std::size_t size,
                                                     void const* packet) const;

private:
    [[nodiscard]] core& core_of(std::size_t pool) const { return *pools_.at(pool); }
    [[nodiscard]] std::size_t bytes(std::size_t bucket) const;
    [[nodiscard]] std::size_t idle_bytes(core const& of) const;
    [[nodiscard]] counters row(core const& of, std::size_t bucket) const;
    [[nodiscard]] bool is_bucket(std::size_t bucket) const
    {
        return bucket < rules_.buckets.size();
    }

    void close(core& of);
    void forget_empty();
    void leave(std::size_t slot, bool dropped);
    void put(core& into, outstanding_packet const& packet);
    void made(core const& of, std::size_t capacity);
    void freed(core const& of, std::size_t capacity);
    void free_oldest(core& of, std::size_t bucket, std::size_t packets);
    [[nodiscard]] static std::size_t surplus(slab& of, std::size_t idle, std::size_t limit);
    /// How many packets a decay frees, of so many that are idle.
    [[nodiscard]] std::size_t decayed(slab& of, std::size_t bucket, std::size_t idle);

    // model_owner.cpp
    void expect(bool holds, std::string_view what);
    [[nodiscard]] std::size_t limit(std::size_t bucket) const;
    /// The most packets that a slab keeps of those that it has and that are on its list.
    [[nodiscard]] std::size_t kept_of(slab const& of, std::size_t bucket) const;
    void give_back(outstanding_packet const& packet, bool dropped);
    void fetch(core& from, std::size_t bucket, std::size_t capacity, void const* packet);
    void note_most_seen(core& of, std::size_t bucket);
    using surplus_of = std::function<std::size_t(slab& of, std::size_t bucket, std::size_t idle)>;
    void take_and_free(core& of, surplus_of const& surplus);
    void free_all(core& of);
    void settle(counters& row, slab const& of, std::size_t bucket, counters const& found) const;

    rules const& rules_;
    std::list<core> cores_; // of pools, and of packets that outlive their pool
    std::array<core*, pool_count> pools_{};
    std::array<std::optional<outstanding_packet>, slot_count> slots_;
    std::array<amount, 2> memory_{};
    std::size_t outstanding_ = 0;

    std::size_t thread_ = 0;
    std::size_t now_ = 0; // operations
    packet_changes changes_;
    std::size_t refused_now_ = 0; // packets that the owner took and freed in this operation
    struct refusal {
        core const* by;
        std::size_t bucket;
    };
    std::vector<refusal> refused_;
    core const* takes_later_ = nullptr;
    std::string_view complaint_;
};

} // namespace fuzz
