// The reference: what pools, their packets and their memory have to be after each operation.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <optional>
#include <vector>

#include "contents.hpp"
#include "counters.hpp"
#include "places.hpp"
#include "rules.hpp"

namespace fuzz {

/// Where a packet is: its object, and the start of its datagram.
struct location {
    void const* packet = nullptr;
    std::byte* datagram = nullptr;

    bool operator==(location const&) const = default;
};

/// A packet in a slab.
struct idle_packet {
    location at; ///< null for one that was reserved: nobody has seen it yet
    writing wrote;
};

/// One bucket of a pool.
struct slab {
    std::vector<idle_packet> idle; ///< the oldest first
    std::size_t peak = 0;          ///< the most that were outstanding since the last decay
    std::size_t mark = 0;          ///< packets that the traffic needs: see surplus()
    counters count;                ///< but those of a moment, which are read off the rest
};

/// The slabs of a pool, which its packets know, also when it has moved or is gone.
struct home {
    std::size_t source = 0;  ///< of their memory
    std::vector<slab> slabs; ///< one a bucket, and one for packets of exactly the size asked for
    bool built = false;      ///< it takes memory, if it is of that kind
    bool open = true;        ///< until its pool is gone
    std::size_t outstanding = 0;      ///< of all buckets
    std::size_t most_outstanding = 0; ///< at once
    std::size_t acquired = 0;         ///< so far
    counted_rows remembered;
};

/// A packet in the user's hands.
struct outstanding_packet {
    location at;
    home* from = nullptr;
    std::size_t bucket = 0; ///< one past the last for a packet of exactly the size asked for
    std::size_t capacity = 0;
    std::size_t place = elsewhere; ///< of the acquire
    bool is_recorded = false;      ///< that the place is
    contents holds;
};

/// Pools of one type that exchange packets. It knows nothing of threads, and never fails: an
/// operation that threw is not told to it.
class model {
public:
    explicit model(rules const& of) : rules_(of) {}

    [[nodiscard]] bool exists(std::size_t pool) const { return pools_.at(pool) != nullptr; }
    [[nodiscard]] std::size_t bucket_of(std::size_t size) const;
    [[nodiscard]] std::size_t capacity_for(std::size_t size) const;
    /// The idle packets that an acquire takes from, the newest last.
    [[nodiscard]] std::vector<idle_packet> const& idle_for(std::size_t pool,
                                                           std::size_t size) const;
    /// How many packets of the bucket for `size` may be idle, beside those of other buckets.
    [[nodiscard]] std::size_t room(std::size_t pool, std::size_t size) const;

    void create(std::size_t pool, std::size_t source);
    void destroy(std::size_t pool);
    void move_construct(std::size_t to, std::size_t from);
    void move_assign(std::size_t to, std::size_t from);

    /// The first operation that needs slabs makes them, even when it fails after that.
    void open(std::size_t pool) { home_of(pool).built = true; }
    [[nodiscard]] bool is_open(std::size_t pool) const { return home_of(pool).built; }
    /// Whether the pool has slabs, in front of which the door is.
    [[nodiscard]] bool has_door(std::size_t pool) const
    {
        return !rules_.slabs_on_heap || is_open(pool);
    }
    /// Whatever was in the slot is dropped afterwards, as an assignment does.
    void acquire(std::size_t pool, std::size_t size, std::size_t slot, std::size_t place,
                 location const& at);
    /// To change as its user does.
    [[nodiscard]] contents& inside(std::size_t slot) { return slots_.at(slot)->holds; }
    void release(std::size_t pool, std::size_t slot);
    void drop(std::size_t slot);
    /// The packet of the slot is released, and what it holds is in another one.
    void shrink(std::size_t pool, std::size_t slot, std::size_t place, location const& at);
    void reserve(std::size_t pool, std::size_t size, std::size_t packets);
    void decay(std::size_t pool);
    void trim(std::size_t pool);

    [[nodiscard]] std::optional<outstanding_packet> const& slot(std::size_t index) const
    {
        return slots_.at(index);
    }
    [[nodiscard]] bool is_idle(void const* packet) const;
    /// Whether the packet there is outstanding, or idle in a pool.
    [[nodiscard]] bool is_live(void const* packet) const;
    [[nodiscard]] amount idle(std::size_t pool, std::size_t bucket) const;
    [[nodiscard]] amount idle(std::size_t pool) const;
    [[nodiscard]] std::size_t source_of(std::size_t pool) const;

    [[nodiscard]] std::size_t outstanding(std::size_t pool) const
    {
        return home_of(pool).outstanding;
    }
    [[nodiscard]] counted_rows counted(std::size_t pool) const;
    /// What was counted since this was called the last time.
    [[nodiscard]] counted_rows counted_since(std::size_t pool);
    /// The packets of the pool that are out and whose place was recorded.
    [[nodiscard]] std::vector<placed> recorded(std::size_t pool) const;
    /// Whether the packet in the slot was acquired from the pool.
    [[nodiscard]] bool is_from(std::size_t pool, std::size_t slot) const
    {
        return slots_.at(slot)->from == pools_.at(pool);
    }

    /// Idle and outstanding packets whose memory is from the source.
    [[nodiscard]] amount packets_of(std::size_t source) const { return memory_.at(source); }
    [[nodiscard]] std::size_t outstanding() const { return outstanding_; }
    /// Blocks that are no packets: homes, and with them the slots that grow with the packets.
    [[nodiscard]] std::size_t fewest_blocks() const;
    [[nodiscard]] std::size_t most_blocks() const;

private:
    [[nodiscard]] home& home_of(std::size_t pool) const { return *pools_.at(pool); }
    [[nodiscard]] std::size_t bytes(std::size_t bucket) const;
    [[nodiscard]] std::size_t idle_bytes(home const& of) const;
    [[nodiscard]] counters row(home const& of, std::size_t bucket) const;

    void close(home& of);
    void forget_empty();
    void leave(std::size_t slot, bool dropped);
    void put(home& into, outstanding_packet const& packet);
    void made(home const& of, std::size_t capacity);
    void freed(home const& of, std::size_t capacity);
    void free_oldest(home& of, std::size_t bucket, std::size_t packets);
    [[nodiscard]] static std::size_t surplus(slab& of, std::size_t limit);

    rules const& rules_;
    std::list<home> homes_; // of pools, and of packets whose pool is gone
    std::array<home*, pool_count> pools_{};
    std::array<std::optional<outstanding_packet>, slot_count> slots_;
    std::array<amount, 2> memory_{};
    std::size_t outstanding_ = 0;
};

} // namespace fuzz
