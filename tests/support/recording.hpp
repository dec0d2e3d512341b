// A threading policy that records the operations.
#pragma once

#include <algorithm>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// All objects share one list.
class recording {
    struct visit {
        visit() { most_inside = std::max(most_inside, ++inside); }
        visit(visit const&) = delete;
        visit& operator=(visit const&) = delete;
        ~visit() { --inside; }
    };

public:
    static inline std::vector<std::string> entries;
    static inline int inside = 0;      ///< of all objects
    static inline int most_inside = 0; ///< at the same time, since the start

    static visit enter(std::string_view operation, std::source_location)
    {
        entries.emplace_back(operation);
        return {};
    }
    static void detach() noexcept {}
};

/// The operations that entered while `use` ran.
template <class Use>
std::vector<std::string> entries_of(Use use)
{
    recording::entries.clear();
    use();
    return std::exchange(recording::entries, {});
}
