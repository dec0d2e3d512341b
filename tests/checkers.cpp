// The memory checkers know the state of packets: a child program misuses a packet, the checker
// reports it.
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "child.hpp"

namespace {

#if defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define CHECKED_BY_ASAN
#    endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#    define CHECKED_BY_ASAN
#endif

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

// NOLINTBEGIN(performance-inefficient-string-concatenation)
[[maybe_unused]] void check_reported(std::string const& runner, std::string const& how,
                                     std::string_view report)
{
    for (auto const* const pool : {"plain", "returning", "elsewhere"}) {
        auto const child = run_child(runner + MISUSE_OF_PACKETS " " + pool + " " + how);
        CAPTURE(pool);
        CAPTURE(how);
        CAPTURE(child.output);
        CHECK(!child.succeeded);
        CHECK(contains(child.output, report));
    }
}
// NOLINTEND(performance-inefficient-string-concatenation)

} // namespace

#if defined(CHECKED_BY_ASAN)

TEST_CASE(
    "checkers: AddressSanitizer reports uses of idle packets and of bytes that were not requested")
{
    for (auto const* const how : {
             "read_idle_header",
             "write_idle_buffer",
             "write_idle_then_acquire",
             "write_idle_then_trim",
             "write_idle_batch",
             "write_reserved",
             "overrun",
             "overrun_then_drop",
             "overrun_of_a_batch",
             "double_release",
             "double_drop",
             "double_release_of_a_batch",
         }) {
        check_reported("", how, "AddressSanitizer: use-after-poison");
    }
    // In front of a headroom of 10 bytes it reports nothing: it can poison only the end of an
    // aligned word.
    auto const behind = run_child(MISUSE_OF_PACKETS " with_headroom behind_tailroom");
    CHECK(contains(behind.output, "AddressSanitizer: use-after-poison"));
    for (auto const* const how : {"in_front_of_an_exact_one", "in_front_of_an_exact_batch"}) {
        auto const front = run_child(MISUSE_OF_PACKETS " narrow " + std::string(how));
        CHECK(contains(front.output, "AddressSanitizer: use-after-poison"));
    }
    check_reported("", "overrun_of_the_bucket", "AddressSanitizer: heap-buffer-overflow");
    for (auto const* const pool : {"plain", "returning", "elsewhere", "hardened",
                                   "hardened_returning", "hardened_elsewhere"}) {
        auto const child = run_child(MISUSE_OF_PACKETS " " + std::string(pool) + " nothing");
        CHECK(child.output == "survived\n");
    }
}

#elif defined(MEMCHECK)

TEST_CASE("checkers: Memcheck reports uses of idle packets and of bytes that were not requested")
{
    for (auto const* const how : {"write_idle_buffer", "overrun"}) {
        check_reported(MEMCHECK " ", how, "Invalid write of size 1");
    }
    for (auto const* const how : {"in_front_of_headroom", "behind_tailroom",
                                  "in_front_of_an_exact_one", "in_front_of_an_exact_batch"}) {
        auto const child =
            run_child(MEMCHECK " " MISUSE_OF_PACKETS " with_headroom " + std::string(how));
        CHECK(contains(child.output, "Invalid write of size 1"));
    }
    for (auto const* const how : {"read_idle_header", "double_release"}) {
        check_reported(MEMCHECK " ", how, "Invalid read of size ");
    }
}

TEST_CASE("checkers: Memcheck reports reads of bytes that were not written after the acquire")
{
    for (auto const* const how : {"unwritten", "unwritten_again"}) {
        check_reported(MEMCHECK " ", how, "depends on uninitialised value");
    }
}

TEST_CASE("checkers: Memcheck reports nothing for correct programs")
{
    for (auto const* const pool : {"plain", "returning", "elsewhere", "hardened",
                                   "hardened_returning", "hardened_elsewhere"}) {
        auto const child =
            run_child(MEMCHECK " " MISUSE_OF_PACKETS " " + std::string(pool) + " nothing");
        CAPTURE(child.output);
        CHECK(child.output == "survived\n");
    }
}

#endif

#if defined(CHECKED_BY_ASAN) || defined(MEMCHECK)

TEST_CASE("checkers: a write to a reserved packet that was never acquired is reported")
{
    std::string const child = MISUSE_OF_PACKETS " remembering write_reserved_idle";
#    if defined(CHECKED_BY_ASAN)
    CHECK(contains(run_child(child).output, "AddressSanitizer: use-after-poison"));
#    else
    CHECK(contains(run_child(MEMCHECK " " + child).output, "Invalid write of size 1"));
#    endif
}

#endif
