#pragma once

#include <optional>

#include <doctest/doctest.h>

/// The value; the test fails if there is none.
template <class T>
T require_value(std::optional<T> const& value)
{
    REQUIRE(value.has_value());
    return value.value_or(T{});
}
