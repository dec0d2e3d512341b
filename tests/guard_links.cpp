// An overwritten link of a hardened packet is reported and never followed, recorded or not.
#include <cstddef>
#include <string>

#include <doctest/doctest.h>

#include "child.hpp"

namespace {

/// Overwrites each word that hardening adds to a header, one per run.
void check_every_word(std::string const& where)
{
    auto const bytes = std::stoul(run_child(MISUSE_OF_LINKS).output);
    REQUIRE(bytes >= 16);
    for (auto const& written : {where, where + "_wild"}) {
        for (std::size_t word = 8; word <= bytes; word += 8) {
            std::string command = MISUSE_OF_LINKS " ";
            command.append(written).append(" ").append(std::to_string(word));
            auto const child = run_unpoisoned(command);
            CAPTURE(written);
            CAPTURE(word);
            CAPTURE(child.output);
            CHECK(!child.succeeded);
            CHECK(child.output.find("pktpool: the packet at 0x") != std::string::npos);
            CHECK(child.output.find("followed") == std::string::npos);
        }
    }
}

} // namespace

TEST_CASE("guard: overwritten links of a packet that is not recorded are reported")
{
    check_every_word("unrecorded");
}

TEST_CASE("guard: overwritten links of a recorded packet are reported at its release")
{
    check_every_word("recorded");
    check_every_word("newest");
}

TEST_CASE("guard: overwritten links of its neighbours are reported at a release")
{
    check_every_word("older_neighbour");
    check_every_word("newer_neighbour");
}

TEST_CASE("guard: overwritten links are reported by acquire and outstanding()")
{
    check_every_word("new_neighbour");
    check_every_word("list");
}

TEST_CASE("guard: overwritten links of idle packets are reported")
{
    check_every_word("idle");
    check_every_word("trimmed");
}

TEST_CASE("guard: a report of overwritten links names the packet that holds them")
{
    auto const bytes = std::to_string(std::stoul(run_child(MISUSE_OF_LINKS).output));
    std::string const behind = "written over: ";
    for (std::string const where :
         {"older_neighbour", "newer_neighbour", "new_neighbour", "list"}) {
        // The links are the first words that hardening adds to a header.
        std::string command = MISUSE_OF_LINKS " ";
        command.append(where).append(" ").append(bytes);
        auto const output = run_unpoisoned(command).output;
        CAPTURE(where);
        CAPTURE(output);
        auto const begin = output.find(behind) + behind.size();
        auto const packet = output.substr(begin, output.find('\n') - begin);
        CHECK(packet.starts_with("0x"));
        CHECK(output.find("the packet at " + packet + " was overwritten in its header") !=
              std::string::npos);
    }
}

TEST_CASE("guard: a report of overwritten links names the release that found them")
{
    auto const bytes = std::to_string(std::stoul(run_child(MISUSE_OF_LINKS).output));
    for (std::string const where : {"recorded", "batch"}) {
        std::string command = MISUSE_OF_LINKS " ";
        command.append(where).append(" ").append(bytes);
        auto const output = run_unpoisoned(command).output;
        CAPTURE(where);
        CAPTURE(output);
        auto const call_site = output.rfind(" [");
        REQUIRE(call_site != std::string::npos);
        CHECK(output.find("misuse_of_links.cpp:", call_site) != std::string::npos);
    }
}
