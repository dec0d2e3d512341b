// The reference: the expected state of pools, packets and memory after each operation.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <optional>
#include <vector>

#include "call_sites.hpp"
#include "contents.hpp"
#include "counters.hpp"
#include "rules.hpp"

namespace fuzz {

/// The address of a packet, and the start of its datagram.
struct location {
    void const* packet = nullptr;
    std::byte* datagram = nullptr;

    bool operator==(location const&) const = default;
};

/// A packet in a slab.
struct idle_packet {
    location at; ///< null for a reserved packet: its address is not known yet
    writing wrote;
};

/// One bucket of a pool.
struct slab {
    std::vector<idle_packet> idle; ///< the oldest first
    std::size_t peak = 0;          ///< the most outstanding since the last decay
    std::size_t mark = 0;          ///< packets that the traffic needs: see surplus()
    counters count; ///< except current values, which are computed from the other members
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

/// Pools of one type that exchange packets. The model has no threads and no failures: operations
/// that threw are not played on it.
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
    [[nodiscard]] counted_rows counted(std::size_t pool) const;
    /// The counts since the last call.
    [[nodiscard]] counted_rows counted_since(std::size_t pool);
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

private:
    [[nodiscard]] core& core_of(std::size_t pool) const { return *pools_.at(pool); }
    [[nodiscard]] std::size_t bytes(std::size_t bucket) const;
    [[nodiscard]] std::size_t idle_bytes(core const& of) const;
    [[nodiscard]] counters row(core const& of, std::size_t bucket) const;

    void close(core& of);
    void forget_empty();
    void leave(std::size_t slot, bool dropped);
    void put(core& into, outstanding_packet const& packet);
    void made(core const& of, std::size_t capacity);
    void freed(core const& of, std::size_t capacity);
    void free_oldest(core& of, std::size_t bucket, std::size_t packets);
    [[nodiscard]] static std::size_t surplus(slab& of, std::size_t limit);

    rules const& rules_;
    std::list<core> cores_; // of pools, and of packets that outlive their pool
    std::array<core*, pool_count> pools_{};
    std::array<std::optional<outstanding_packet>, slot_count> slots_;
    std::array<amount, 2> memory_{};
    std::size_t outstanding_ = 0;
};

} // namespace fuzz
