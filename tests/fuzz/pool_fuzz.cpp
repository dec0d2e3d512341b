// Every combination of the policies against the model: two bytes choose one, the rest is a script.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "referee.hpp"

namespace {

constexpr std::size_t head = 2; // bytes in front of the script

/// Set, every input is played on every combination: for a corpus, which is small.
bool const on_all = std::getenv("PKTPOOL_FUZZ_ALL") != nullptr;

/// What was done, for the line at the end.
class tally {
public:
    tally() : played_(fuzz::combinations().size()) {}
    tally(tally const&) = delete;
    tally& operator=(tally const&) = delete;
    ~tally()
    {
        std::fprintf(stderr, "fuzzed %zu operations on %td of %zu combinations\n", operations_,
                     std::ranges::count(played_, true), played_.size());
    }

    void play(std::size_t which, std::span<std::uint8_t const> bytes)
    {
        played_[which] = true;
        operations_ += fuzz::referee(*fuzz::combinations()[which]).play(bytes);
    }

private:
    std::vector<bool> played_;
    std::size_t operations_ = 0;
};

} // namespace

/// Memory is looked up less deeply and comes back sooner: twice as many operations a second.
extern "C" char const* __asan_default_options()
{
    return "detect_stack_use_after_return=0:malloc_context_size=2:quarantine_size_mb=16";
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static tally all;
    if (size < head) {
        return 0;
    }
    auto const script = std::span(data, size).subspan(head);
    auto const count = fuzz::combinations().size();
    if (on_all) {
        for (std::size_t i = 0; i < count; ++i) {
            all.play(i, script);
        }
    } else {
        all.play((data[0] + 256U * data[1]) % count, script);
    }
    return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

/// A script that finds something on one combination is often worth a try on another.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed)
{
    if (size < head || seed % 4 != 0) {
        return LLVMFuzzerMutate(data, size, most);
    }
    data[0] = static_cast<std::uint8_t>(seed >> 8);
    data[1] = static_cast<std::uint8_t>(seed >> 16);
    return size;
}
