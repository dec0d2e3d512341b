// A program that contains pktpool and exchanges pools with a shared library that also contains it.
// Usage: program NAME
// where NAME is one of `entries`
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <thread>

import pktpool;

#include "library.hpp"

namespace {

void use_once(checked_pool& pool)
{
    use(pool, 1);
}

/// The first thread that uses pktpool in the program is not the first one in the library, so that
/// counts of threads would differ between both.
void use_on_a_thread_that_ends()
{
    std::thread([] {
        checked_pool pool;
        use_once(pool);
    }).join();
}

bool owner_on_both_sides()
{
    use_on_a_thread_that_ends();
    checked_pool of_program;
    checked_pool& of_library = pool_of_library();
    use_once(of_program);
    use_in_library(of_library, 1);
    for (int i = 0; i < 3; ++i) {
        use_in_library(of_program, 1);
        use_once(of_program);
        use_once(of_library);
        use_in_library(of_library, 1);
    }
    return true;
}

/// The shortest of several runs.
template <class Run>
double nanoseconds(Run run)
{
    using clock = std::chrono::steady_clock;
    auto best = clock::duration::max();
    for (int i = 0; i < 10; ++i) {
        auto const begin = clock::now();
        run();
        best = std::min(best, clock::now() - begin);
    }
    return std::chrono::duration<double, std::nano>(best).count();
}

/// A use by the owner takes about as long as an unchecked one: neither side takes the slow path of
/// the check each time.
bool owner_is_recognised_quickly()
{
    constexpr int times = 5'000;
    unchecked_pool unchecked;
    checked_pool of_program;
    use_once(of_program);
    checked_pool& of_library = pool_of_library();
    use_in_library(of_library, 1);

    double const bound = 10 * nanoseconds([&] { use(unchecked, times); });
    bool quick = true;
    for (auto* const pool : {&of_program, &of_library}) {
        auto const in_program = nanoseconds([&] { use(*pool, times); });
        auto const in_library = nanoseconds([&] { use_in_library(*pool, times); });
        std::printf("%.1f ns in the program, %.1f ns in the library, at the most %.1f\n",
                    in_program / times, in_library / times, bound / times);
        quick = quick && in_program < bound && in_library < bound;
    }
    return quick;
}

/// Passes if the program ends with a report.
bool second_thread_in_the_library()
{
    checked_pool pool;
    use_once(pool);
    std::thread([&] { use_in_library(pool, 1); }).join();
    return false;
}

bool second_thread_in_the_program()
{
    use_in_library(pool_of_library(), 1);
    std::thread([] { use_once(pool_of_library()); }).join();
    return false;
}

struct entry {
    std::string_view name;
    bool (*run)();
};

constexpr std::array entries{
    entry{"owner", owner_on_both_sides},
    entry{"quick", owner_is_recognised_quickly},
    entry{"second_in_library", second_thread_in_the_library},
    entry{"second_in_program", second_thread_in_the_program},
};

} // namespace

int main(int argc, char** argv)
{
    // A report ends the program. Without a signal, because CTest checks the output only then.
    std::signal(SIGABRT, [](int) { std::_Exit(1); });
    std::string_view const name = argc == 2 ? argv[1] : "";
    auto const* const found = std::ranges::find(entries, name, &entry::name);
    return found != entries.end() && found->run() ? 0 : 1;
}
