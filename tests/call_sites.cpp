// Reports name the file and line of the call. A child program prints a line and breaks a contract
// there.
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "child.hpp"

namespace {

/// The call site that the child printed, in the form of a report; empty if it printed none.
std::string announced_line(std::string const& output)
{
    std::string_view const says = "wrong is ";
    auto const begin = output.find(says);
    if (begin == std::string::npos) {
        return {};
    }
    auto const first = begin + says.size();
    return "[" + output.substr(first, output.find('\n', first) - first) + "]";
}

/// The report names the call site that the child printed.
void check_place(std::string const& which)
{
    auto const child = run_unpoisoned(MISPLACED " " + which);
    CAPTURE(which);
    CAPTURE(child.output);
    CHECK(!child.succeeded);
    auto const call_site = announced_line(child.output);
    REQUIRE(!call_site.empty());
    CHECK(child.output.find(call_site) != std::string::npos);
}

} // namespace

TEST_CASE("call sites: a report of a packet names the caller's line")
{
    for (auto const* const which :
         {"used_of_bad_size", "const_used_of_bad_size", "payload_of_bad_size",
          "const_payload_of_bad_size", "headroom_of_bad_size", "tailroom_of_bad_size",
          "prepend_of_bad_size", "append_of_bad_size", "trim_start_of_bad_size",
          "trim_end_of_bad_size", "shrink_of_bad_size", "prepend", "append", "trim_start",
          "trim_end", "buffer"}) {
        check_place(which);
    }
}

TEST_CASE("call sites: a report of a pool names the caller's line")
{
    for (auto const* const which :
         {"move", "move_returning", "move_slab", "idle", "acquire_exact", "outstanding",
          "statistics", "bucket", "double_release", "batch_of_another_pool",
          "acquire_beside_overwritten_links", "shrink_of_overrun", "buffer_of_overrun",
          "span_on_another_thread", "span_of_another_pool"}) {
        check_place(which);
    }
}

TEST_CASE("call sites: a report cuts text that is too long, and still names the caller's line")
{
    check_place("long_path");
    auto const output = run_unpoisoned(MISPLACED " long_path").output;
    auto const begin = output.find("pktpool: the packet at ");
    REQUIRE(begin != std::string::npos);
    auto const end = output.find(" [", begin);
    REQUIRE(end != std::string::npos);
    CHECK(end - begin > 1000);
    CHECK(end - begin < 1100);
}

TEST_CASE("call sites: an operation without a source_location names no call site")
{
    auto const child = run_child(MISPLACED " assign");
    CAPTURE(child.output);
    CHECK(!child.succeeded);
    CHECK(child.output.find("a move to a pool on thread ") != std::string::npos);
    auto const line = child.output.substr(0, child.output.find('\n'));
    CHECK(line.find('[') == std::string::npos);
}

TEST_CASE("call sites: a report that is too long is cut off, and still names the line")
{
    auto const child = run_child(MISPLACED " long_operation");
    CAPTURE(child.output);
    CHECK(!child.succeeded);
    std::string_view const output = child.output;
    std::string_view const begin = "pktpool: ";
    auto const end = output.find(" " + announced_line(child.output));
    REQUIRE(output.find(begin) < end);
    auto const text =
        output.substr(output.find(begin) + begin.size(), end - output.find(begin) - begin.size());
    CHECK(text.size() > 500);
    CHECK(text == std::string(text.size(), 'x'));
}
