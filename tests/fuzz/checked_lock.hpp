// A threading policy like one of a user: a mutex that is not recursive. The fuzzer has one thread,
// so a flag is enough.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

namespace fuzz {

/// A second enter() would wait for ever.
class checked_lock {
public:
    static inline std::size_t held_locks = 0; // now, of all pools
    static inline std::size_t entries = 0;    // so far

    class guard {
    public:
        explicit guard(bool& held) : held_(&held)
        {
            ++held_locks;
            ++entries;
        }
        guard(guard const&) = delete;
        guard& operator=(guard const&) = delete;
        ~guard()
        {
            *held_ = false;
            --held_locks;
        }

    private:
        bool* held_;
    };

    [[nodiscard]] guard enter(std::string_view operation, std::source_location)
    {
        if (held_) {
            std::fprintf(stderr, "fuzz: %.*s enters while the lock is held\n",
                         static_cast<int>(operation.size()), operation.data());
            std::abort();
        }
        held_ = true;
        return guard(held_);
    }
    void detach() noexcept {}

private:
    bool held_ = false;
};

} // namespace fuzz
