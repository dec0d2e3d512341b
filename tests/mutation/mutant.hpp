// Included by every partition of a copy of the module that contains all mutants.
#pragma once

#include <cstdlib>
#include <type_traits>

// What only mutants use: pktpool.standard does not have it.
#include <memory_resource>

/// The number in PKTPOOL_MUTANT, read once; allocates nothing.
inline int pktpool_chosen_mutant() noexcept
{
    static int const chosen =
        std::getenv("PKTPOOL_MUTANT") == nullptr ? 0 : std::atoi(std::getenv("PKTPOOL_MUTANT"));
    return chosen;
}

/// False in a constant expression, which cannot read the environment.
constexpr bool pktpool_mutant(int number) noexcept
{
    return !std::is_constant_evaluated() && pktpool_chosen_mutant() == number;
}

/// The default value of the type of an expression; without a default constructor the expression
/// itself.
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
