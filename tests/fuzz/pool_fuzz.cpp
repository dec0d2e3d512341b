// Every combination of the policies against the model: two bytes choose one, the rest is a script.
// With PKTPOOL_FUZZ_ALL in the environment every combination plays the script: for a corpus. With
// PKTPOOL_FUZZ_ONLY=TEXT there are only the combinations with TEXT in their name.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "referee.hpp"
#include "tally.hpp"

namespace {

using fuzz::combination;

void play(combination const& on, std::span<std::uint8_t const> script)
{
    static fuzz::tally done("operations on", "combinations");
    static std::set<combination const*> seen;
    if (seen.insert(&on).second) {
        done.add_thing();
    }
    done.add_steps(fuzz::referee(on).play(script));
}

std::vector<combination const*> const& combinations()
{
    static auto const wanted = [] {
        auto result = fuzz::combinations();
        if (auto const* const text = std::getenv("PKTPOOL_FUZZ_ONLY")) {
            std::erase_if(result, [&](auto const* each) {
                return each->name.find(text) == std::string_view::npos;
            });
        }
        if (result.empty()) {
            std::fputs("fuzz: no combination has that name\n", stderr);
            std::abort();
        }
        return result;
    }();
    return wanted;
}

/// A quarter of the inputs are for the instrumented combinations.
combination const& chosen(std::span<std::uint8_t const, fuzz::script_head> head)
{
    static auto const instrumented = [] {
        std::vector<combination const*> result;
        for (auto const* each : combinations()) {
            if (each->is_instrumented) {
                result.push_back(each);
            }
        }
        return result;
    }();
    auto const& from = head[0] % 4 == 0 && !instrumented.empty() ? instrumented : combinations();
    return *from[(head[0] / 4 + 64U * head[1]) % from.size()];
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static bool const on_all = std::getenv("PKTPOOL_FUZZ_ALL") != nullptr;
    if (size < fuzz::script_head) {
        return 0;
    }
    std::span const input(data, size);
    auto const script = input.subspan(fuzz::script_head);
    if (on_all) {
        for (auto const* each : combinations()) {
            play(*each, script);
        }
    } else {
        play(chosen(input.first<fuzz::script_head>()), script);
    }
    return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

/// A script that finds something on one combination often finds more on another.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed)
{
    if (size < fuzz::script_head || seed % 4 != 0) {
        return LLVMFuzzerMutate(data, size, most);
    }
    data[0] = static_cast<std::uint8_t>(seed >> 8);
    data[1] = static_cast<std::uint8_t>(seed >> 16);
    return size;
}
