#pragma once

#include <optional>

#include <doctest/doctest.h>

/// What there is, and else a failed test.
template <class T>
T there(std::optional<T> const& value)
{
    REQUIRE(value.has_value());
    return value.value_or(T{});
}
