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
    void destroy(std::size_t pool);
    void finish(bool pools_first);

    /// A pool that does not exist comes into being when it is used.
    void need(std::size_t pool);
    [[nodiscard]] std::size_t slot_for(operation const& next, bool full) const;

    /// What the pool does to make packets; whether it did. `opens` says that it needs its slabs.
    template <class Call>
    bool make(std::size_t pool, bool opens, bool too_large, std::size_t misses, Call const& call);
    /// What it does without: nothing is allocated, nothing is thrown.
    template <class Call>
    void run(Call const& call, bool may_allocate = false);

    /// The packet in the slot is the model's newest idle one, else a new one, and as it should be.
    void came(std::size_t pool, std::size_t size, std::size_t slot);
    /// A packet in the user's hands is as the user left it.
    void check_outstanding(std::size_t slot) const;
    void check_pools() const;
    void check_memory() const;

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
