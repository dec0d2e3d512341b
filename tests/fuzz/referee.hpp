// Plays a script on pools and on the model, and compares them after every operation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ledger.hpp"
#include "model.hpp"
#include "script.hpp"
#include "subject.hpp"

namespace fuzz {

class referee {
public:
    explicit referee(combination const& of);

    /// Ends the program at the first difference; returns the number of operations.
    std::size_t play(std::span<std::uint8_t const> bytes);

private:
    /// What a call of a pool may do.
    struct call_rules {
        bool may_allocate = false;
        bool enters = true;        ///< it passes the door, if the pool has one yet
        bool source_inside = true; ///< the source is called inside a door only
        bool may_move = false;     ///< metadata
    };
    /// What a call that makes packets needs for that.
    struct making {
        std::size_t packets = 0; ///< that the user gets
        std::size_t misses = 0;
        bool too_large = false;
    };

    // referee.cpp: what pools do
    void play(operation const& next);
    void acquire(operation const& next);
    void acquire_batch(operation const& next);
    [[nodiscard]] bool may_release(std::size_t pool, std::size_t slot) const;
    void release(operation const& next);
    void release_batch(operation const& next);
    void drop(std::size_t slot);
    void shrink(operation const& next);
    void reserve(operation const& next);
    void move(operation const& next);
    void remember(std::size_t pool);
    void destroy(std::size_t pool);
    void finish(bool pools_first);

    /// A pool that does not exist comes into being when it is used.
    void need(std::size_t pool);
    [[nodiscard]] std::size_t slot_for(operation const& next, bool full) const;

    /// What the pool does to make packets; whether it did.
    template <class Call>
    bool make(std::size_t pool, making const& of, call_rules const& rules, Call const& call);
    /// What it does without: nothing is thrown, and unless it may nothing allocated.
    template <class Call>
    void run(std::size_t pool, call_rules const& rules, Call const& call);
    void check_call(bool had_door, call_rules const& rules, bool done) const;

    // referee_of_packets.cpp
    /// The packet in the slot is the model's newest idle one, else a new one, and as it should be.
    void came(std::size_t pool, std::size_t size, std::size_t slot, std::size_t place);
    void change(operation const& next);
    /// What the user's bytes are and what is used of them is as the model says.
    void check_room(std::size_t slot, packet_view const& seen) const;
    /// A packet in the user's hands is as the user left it.
    void check_outstanding(std::size_t slot) const;
    /// Nothing that was in the packet is left, if it is idle now and its pool clears packets.
    void check_cleared(outstanding_packet const& was) const;
    [[nodiscard]] std::size_t bucket_shown(std::size_t bucket) const;

    // referee_of_pools.cpp
    void check_pools() const;
    void check_places(std::size_t pool) const;
    void check_memory() const;
    void check_rows(std::string_view what, counted_rows const& expected,
                    counted_rows const& found) const;

    void expect(std::string_view what, std::size_t expected, std::size_t found) const
    {
        if (expected != found) [[unlikely]] {
            mismatch(what, std::to_string(expected), std::to_string(found));
        }
    }
    [[noreturn]] void mismatch(std::string_view what, std::string const& expected,
                               std::string const& found) const;

    combination const& of_;
    model model_;
    ledger ledger_;
    std::unique_ptr<subject> subject_;
    operation current_;
    std::size_t operations_ = 0;
    std::size_t packets_ = 0; // acquired so far: each has a number
};

} // namespace fuzz
