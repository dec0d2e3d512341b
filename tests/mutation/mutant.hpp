// Included by every partition of a copy of the module whose mutants wait for their number.
#pragma once

#include <cstdlib>
#include <type_traits>

/// PKTPOOL_MUTANT, read once; allocates nothing.
inline int pktpool_chosen_mutant() noexcept
{
    static int const chosen =
        std::getenv("PKTPOOL_MUTANT") == nullptr ? 0 : std::atoi(std::getenv("PKTPOOL_MUTANT"));
    return chosen;
}

/// False in a constant expression: the compiler knows no environment.
constexpr bool pktpool_mutant(int number) noexcept
{
    return !std::is_constant_evaluated() && pktpool_chosen_mutant() == number;
}

/// What an expression of that type has by default; where the type has none, the expression itself.
template <class Expression>
[[nodiscard]] auto pktpool_default(Expression expression)
{
    using value = decltype(expression());
    if constexpr (std::is_default_constructible_v<value>) {
        return value{};
    } else {
        return expression();
    }
}
