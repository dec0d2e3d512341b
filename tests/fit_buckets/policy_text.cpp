#include "policy_text.hpp"

#include <cstddef>
#include <string>

#include <doctest/doctest.h>

#include "sizes.hpp"

namespace {

fit::size_counts three_sizes(std::size_t factor)
{
    fit::size_counts sizes;
    sizes.add(10, 5 * factor);
    sizes.add(90, 3 * factor);
    sizes.add(100, 2 * factor);
    return sizes;
}

bool has(std::string const& text, std::string const& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("policy text: buckets with shares, and the loss as static_asserts")
{
    fit::fitted_policy const policy{.name = "my_buckets",
                                    .buckets = {10, 100},
                                    .limits = {7, 65535},
                                    .most = 0,
                                    .limits_are = "what they are"};
    auto const few = fit::to_text(policy, three_sizes(1));
    CAPTURE(few);
    CHECK(has(few, "// Fitted to captured datagrams: 10, of 10 to 100 bytes.\n"
                   "// Internal fragmentation: 5.5% of the capacity.\n"
                   "#include <array>\n\nimport pktpool;\n\n"));
    CHECK(has(few, "struct my_buckets {\n    // Limits: what they are.\n"));
    CHECK(has(few, "pktpool::bucket{.size = 10, .limit = 7},      // 50.0% of the datagrams\n"));
    CHECK(has(few, "pktpool::bucket{.size = 100, .limit = 65535}, // 50.0% of the datagrams\n"));
    CHECK(has(few, "static_assert(pktpool::worst_fragmentation<my_buckets>(10, 100) == 89);"));
    CHECK(has(few, "{\n    10, 10, 10, 10, 10, 90, 90, 90, 100, 100\n}).percent() <= 6);"));
    CHECK(has(few, "// The sizes of all datagrams.\n"));

    // Of many a sample in the same proportions.
    auto const many = fit::to_text(policy, three_sizes(1000));
    CHECK(has(many, "// Every size stands for as many datagrams.\n"));
    CHECK(has(many, "Internal fragmentation: 5.5% of the capacity.\n"));
    CHECK(has(many, "}).percent() <= 6);"));
}

TEST_CASE("policy text: the ceiling of the path is in the worst case")
{
    fit::fitted_policy const policy{
        .name = "b", .buckets = {100, 1472}, .limits = {1, 1}, .most = 1472, .limits_are = ""};
    CHECK(has(fit::to_text(policy, three_sizes(1)), "(10, 1472) == 1371);"));
}

TEST_CASE("policy text: names")
{
    for (char const* const good : {"a", "_", "Fitted_2", "x9"}) {
        CHECK(fit::is_identifier(good));
    }
    for (char const* const bad : {"", "9", "2x", "a-b", "a b", "a::b", "\xc3\xa4", "a;"}) {
        CHECK_FALSE(fit::is_identifier(bad));
    }
}
