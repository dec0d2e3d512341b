// Counts the work of a fuzzer, for a line at its end.
#pragma once

#include <cstddef>
#include <cstdio>

namespace fuzz {

/// Prints "fuzzed 12 operations on 3 combinations", with these words.
class tally {
public:
    tally(char const* steps_are, char const* things_are)
        : steps_are_(steps_are), things_are_(things_are)
    {
    }
    tally(tally const&) = delete;
    tally& operator=(tally const&) = delete;
    ~tally()
    {
        std::fprintf(stderr, "fuzzed %zu %s %zu %s\n", steps_, steps_are_, things_, things_are_);
    }

    void add_steps(std::size_t more) { steps_ += more; }
    void add_thing() { ++things_; }

private:
    char const* steps_are_;
    char const* things_are_;
    std::size_t steps_ = 0;
    std::size_t things_ = 0;
};

} // namespace fuzz
