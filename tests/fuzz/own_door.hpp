// A threading policy as a user might write it: a mutex that is not recursive, as one thread sees
// it.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

namespace fuzz {

/// Whoever comes in while it is held would wait for ever.
class own_door {
public:
    static inline std::size_t held_doors = 0; // now, of all pools
    static inline std::size_t entries = 0;    // so far

    class held {
    public:
        explicit held(bool& inside) : inside_(&inside)
        {
            ++held_doors;
            ++entries;
        }
        held(held const&) = delete;
        held& operator=(held const&) = delete;
        ~held()
        {
            *inside_ = false;
            --held_doors;
        }

    private:
        bool* inside_;
    };

    [[nodiscard]] held enter(std::string_view operation, std::source_location)
    {
        if (inside_) {
            std::fprintf(stderr, "fuzz: %.*s of a pool that is held\n",
                         static_cast<int>(operation.size()), operation.data());
            std::abort();
        }
        inside_ = true;
        return held(inside_);
    }
    void detach() noexcept {}

private:
    bool inside_ = false;
};

} // namespace fuzz
