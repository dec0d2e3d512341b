// Plays a script on pools and on the model, and compares them after every operation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "call_meter.hpp"
#include "model.hpp"
#include "script.hpp"
#include "subject.hpp"

namespace fuzz {

class referee {
public:
    explicit referee(combination const& of);

    /// Ends the program at the first difference. Returns the number of operations.
    std::size_t play(std::span<std::uint8_t const> bytes);

private:
    /// The allowed effects of a call.
    struct call_rules {
        bool may_allocate = false;
        bool enters = true;            ///< it calls enter(), if the pool has a core
        bool source_under_lock = true; ///< the source is called under a lock only
        bool may_move = false;         ///< metadata
        std::size_t thread = 0;        ///< on which it runs
        bool by_owner = true;          ///< it binds the pool to its thread
    };
    /// What a call that makes packets needs.
    struct making {
        std::size_t packets = 0; ///< that the user gets
        std::size_t misses = 0;
        bool too_large = false;
    };

    // referee.cpp: operations
    void play(operation const& next);
    void acquire(operation const& next);
    void acquire_batch(operation const& next);
    void acquire_missing(operation const& next);
    template <class Acquire>
    void acquire_all(operation const& next, Acquire acquire);
    [[nodiscard]] bool may_release(std::size_t pool, std::size_t slot) const;
    void release(operation const& next);
    void release_batch(operation const& next);
    void drop(std::size_t slot, std::size_t thread);
    void shrink(operation const& next);
    void reserve(operation const& next);
    void move(operation const& next);
    void remember(std::size_t pool, std::size_t thread);
    void destroy(std::size_t pool, std::size_t thread);
    void detach(std::size_t pool, std::size_t next_user);
    void finish(bool pools_first);

    /// Creates the pool if it does not exist.
    void need(std::size_t pool);
    [[nodiscard]] std::size_t slot_for(operation const& next, bool full) const;

    /// A call that makes packets. Returns whether it succeeded. `dropped` plays what the call does
    /// before it enters the pool.
    template <class Call, class Dropped>
    bool make(std::size_t pool, making const& of, call_rules const& rules, Call const& call,
              Dropped const& dropped);
    template <class Call>
    bool make(std::size_t pool, making const& of, call_rules const& rules, Call const& call)
    {
        return make(pool, of, rules, call, [] {});
    }
    /// A call that makes none: it does not throw, and allocates only if allowed.
    template <class Call>
    void run(std::size_t pool, call_rules const& rules, Call const& call);
    template <class Call>
    outcome measure(std::size_t thread, Call const& call);
    void check_call(bool had_lock, call_rules const& rules, bool done) const;
    void check_complaint();

    // referee_of_packets.cpp
    /// The packet in the slot is the newest idle one of the model, else a new one. Checks it.
    void check_acquired(std::size_t pool, std::size_t size, std::size_t slot,
                        std::size_t call_site);
    void change(operation const& next);
    /// Sizes, headroom and tailroom are those of the model.
    void check_sizes(std::size_t slot, packet_view const& seen) const;
    /// An outstanding packet has the contents that its user wrote.
    void check_outstanding(std::size_t slot) const;
    /// If the packet is idle now and the pool clears packets, all its bytes are cleared.
    void check_cleared(outstanding_packet const& was) const;
    [[nodiscard]] std::size_t bucket_shown(std::size_t bucket) const;

    // referee_of_pools.cpp
    void check_pools() const;
    void check_call_sites(std::size_t pool) const;
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
    call_meter meter_;
    std::unique_ptr<subject> subject_;
    operation current_;
    std::size_t operations_ = 0;
    std::size_t packets_ = 0; // acquired so far; each packet has a number
};

} // namespace fuzz
