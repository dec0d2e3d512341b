// The tests write bytes as text, use the same random numbers each time, and check optional values
// with REQUIRE.

// NOLINTBEGIN(bugprone-unchecked-optional-access, bugprone-throwing-static-initialization)
// NOLINTBEGIN(bugprone-random-generator-seed, modernize-raw-string-literal)
// NOLINTBEGIN(performance-inefficient-string-concatenation)
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ios>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <gsl/span>

#include "dns_message.hpp"
#include "zone.hpp"

namespace {

namespace types = dns::types;
using dns::response_code;

/// Text as bytes; a literal with zeros in it needs the suffix s.
std::vector<std::byte> bytes(std::string_view text)
{
    std::vector<std::byte> result;
    std::ranges::transform(text, std::back_inserter(result),
                           [](char each) { return static_cast<std::byte>(each); });
    return result;
}

std::string text(gsl::span<std::byte const> from)
{
    std::string result;
    std::ranges::transform(from, std::back_inserter(result),
                           [](std::byte each) { return static_cast<char>(each); });
    return result;
}

using namespace std::string_literals;

auto const id = "\x12\x34"s;
auto const one_question = "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"s; // RD
auto const with_opt = "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"s;
auto const question = "\x03wWw\x07"
                      "Example\x00\x00\x01\x00\x01"s;
auto const opt = "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"s; // 1232 bytes
auto const options = "\x00\x00\x29\x04\xd0\x00\x00\x80\x00\x00\x06\x00\x0a\x00\x02xy"s;
auto const record = "\x01z\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x09\x00\x02"
                    "ab"s;
auto const good = id + with_opt + question + options;

dns::query read(std::string const& message)
{
    auto const query = dns::read_query(bytes(message));
    REQUIRE(query);
    return *query;
}

dns::name to_name(std::initializer_list<std::string_view> labels)
{
    dns::name result;
    for (auto const label : labels) {
        REQUIRE(result.append(label));
    }
    REQUIRE(result.append_root());
    return result;
}

std::string answer(dns::query const& to, response_code code = response_code::no_error,
                   gsl::span<dns::record_data const> records = {}, std::size_t max_size = 1232)
{
    auto const planned = dns::plan_answer(to, code, records, max_size);
    std::vector<std::byte> out(planned.size);
    dns::write_answer(to, planned, out);
    return text(out);
}

dns::zone zone_of(std::string const& lines)
{
    std::istringstream in(lines);
    return dns::read_zone(in, "hosts");
}

} // namespace

TEST_CASE("dns: a query is read")
{
    auto const message = bytes(good);
    auto const query = dns::read_query(message);
    REQUIRE(query);
    CHECK(query->problem == response_code::no_error);
    CHECK(query->id == 0x1234);
    CHECK(query->recursion_desired);
    CHECK(text(query->question) == question);
    CHECK(query->question_name.view() == "\x03www\x07"
                                         "example\x00"s);
    CHECK(query->type == types::a);
    CHECK(query->record_class == dns::internet);
    REQUIRE(query->edns);
    CHECK(query->edns->payload_size == 1232);

    CHECK_FALSE(read(id + one_question + question).edns);
    CHECK(read(id + one_question + "\0\0\x10\0\1"s).question_name.view() == "\0"s);
    auto const among_others =
        "\x00\x00\x00\x01\x00\x01\x00\x01\x00\x02"s + question + record + record;
    CHECK(read(id + among_others + opt + record).problem == response_code::no_error);
    CHECK(read(id + among_others + record + opt).edns);
}

TEST_CASE("dns: malformed and refused queries")
{
    struct row {
        char const* what;
        std::string message;
        response_code problem;
    };
    auto const long_label = "\x40"s + std::string(64, 'x');
    auto const label_of_63 = "\x3f"s + std::string(63, 'x');
    auto const of_255 = label_of_63 + label_of_63 + label_of_63 + "\x3d"s + std::string(61, 'x');
    auto const of_256 = label_of_63 + label_of_63 + label_of_63 + "\x3e"s + std::string(62, 'x');
    auto const in_class = "\0\0\1\0\1"s;
    using enum response_code;
    for (auto const& [what, message, problem] : {
             row{"no question", "\1\0\0\0\0\0\0\0\0\0"s, format_error},
             row{"two questions", "\1\0\0\2\0\0\0\0\0\0"s + question + question, format_error},
             row{"a pointer in a question", one_question + "\xc0\x0c\0\1\0\1"s, format_error},
             row{"a pointer behind a label", one_question + "\1a\xc0\x0c\0\1\0\1"s, format_error},
             row{"a label of 64", one_question + long_label + in_class, format_error},
             row{"a label type of old", one_question + "\x80\0\1\0\1"s, format_error},
             row{"a name of 255", one_question + of_255 + in_class, no_error},
             row{"a name of 256", one_question + of_256 + in_class, format_error},
             row{"bytes behind the end", one_question + question + "x", format_error},
             row{"a record is missing", with_opt + question, format_error},
             row{"two OPTs", "\1\0\0\1\0\0\0\0\0\2"s + question + opt + opt, format_error},
             row{"OPT of a name", with_opt + question + "\1a" + opt, format_error},
             row{"OPT is no answer", "\1\0\0\1\0\1\0\0\0\0"s + question + opt, format_error},
             row{"an option is cut", with_opt + question + opt.substr(0, 9) + "\0\4\0\x0a\0\1"s,
                 format_error},
             row{"half an option", with_opt + question + opt.substr(0, 9) + "\0\1\0"s,
                 format_error},
             row{"a record's old label type", with_opt + question + "\x41" + record, format_error},
             row{"version 1", with_opt + question + "\0\0\x29\x04\xd0\0\1\0\0\0\0"s, bad_version},
             row{"class CH", one_question + "\1a\0\0\1\0\3"s, refused},
             row{"ANY", one_question + "\1a\0\0\xff\0\1"s, refused},
             row{"AXFR", one_question + "\1a\0\0\xfc\0\1"s, refused},
             row{"OPT in a question", one_question + "\1a\0\0\x29\0\1"s, refused},
             row{"an unknown type", one_question + "\1a\0\1\0\0\1"s, no_error},
             row{"NOTIFY", "\x20\0\0\1\0\0\0\0\0\0"s + question, not_implemented},
         }) {
        CAPTURE(what);
        CHECK(read(id + message).problem == problem);
    }
    CHECK_FALSE(dns::read_query(bytes(id + "\x81\0\0\1\0\0\0\0\0\0"s + question)));
}

TEST_CASE("dns: every truncated query is malformed or gets no answer")
{
    for (std::size_t size = 0; size < good.size(); ++size) {
        CAPTURE(size);
        auto const query = dns::read_query(bytes(good.substr(0, size)));
        CHECK(query.has_value() == (size >= dns::header_size));
        CHECK((!query || query->problem == response_code::format_error));
    }
}

TEST_CASE("dns: random bytes are read within their bounds, and each answer has its planned size")
{
    std::mt19937 random(35);
    std::size_t good_ones = 0;
    std::size_t with_question = 0;
    for (int i = 0; i < 200'000; ++i) {
        std::vector<std::byte> message; // of the exact size, for AddressSanitizer
        if (i % 2 == 0) {
            message = bytes(good);
            for (auto n = random() % 3; n < 3; ++n) {
                message[random() % message.size()] = static_cast<std::byte>(random());
            }
        } else {
            message.resize(random() % 64);
            std::ranges::generate(message, [&] { return static_cast<std::byte>(random()); });
        }
        message.shrink_to_fit();
        if (auto const query = dns::read_query(message)) {
            good_ones += query->problem == response_code::no_error ? 1U : 0U;
            with_question += query->question.empty() ? 0U : 1U;
            CHECK(answer(*query, query->problem).size() <= dns::plain_size);
        }
    }
    CHECK(good_ones > 1000);
    CHECK(with_question > 1000);
}

TEST_CASE("dns: an answer, byte by byte")
{
    auto const message = bytes(good);
    auto const query = dns::read_query(message);
    REQUIRE(query);
    std::vector const records{bytes("\xc0\0\2\1"s), bytes("\xc0\0\2\2"s)};
    auto const head = "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4"s;
    auto const own_opt = "\0\0\x29\x10\0\0\0\0\0\0\0"s;
    CHECK(answer(*query, response_code::no_error, records) == id + "\x85\0\0\1\0\2\0\0\0\1"s +
                                                                  question + head + "\xc0\0\2\1"s +
                                                                  head + "\xc0\0\2\2"s + own_opt);
    CHECK(answer(*query, response_code::name_error) ==
          id + "\x85\3\0\1\0\0\0\0\0\1"s + question + own_opt);
    CHECK(answer(*query, response_code::bad_version) ==
          id + "\x81\0\0\1\0\0\0\0\0\1"s + question + "\0\0\x29\x10\0\1\0\0\0\0\0"s);

    auto const notify = bytes(id + "\x20\0\0\1\0\0\0\0\0\0"s + question);
    CHECK(answer(*dns::read_query(notify), response_code::not_implemented) ==
          id + "\xa0\4\0\0\0\0\0\0\0\0"s);
}

TEST_CASE("dns: an answer that does not fit is truncated, exact to the byte")
{
    struct row {
        std::size_t client; ///< 0: without EDNS
        std::size_t max_size;
        std::size_t limit;
    };
    for (auto const [client, max_size, limit] :
         {row{0, 4096, 512}, row{0, 512, 512}, row{100, 4096, 512}, row{512, 1232, 512},
          row{700, 1232, 700}, row{4096, 1232, 1232}, row{65535, 4096, 4096}}) {
        CAPTURE(client);
        CAPTURE(max_size);
        auto const size_bytes =
            std::string{static_cast<char>(client >> 8), static_cast<char>(client)};
        auto const message = bytes(id + (client == 0 ? one_question + question
                                                     : with_opt + question + opt.substr(0, 3) +
                                                           size_bytes + opt.substr(5)));
        auto const query = dns::read_query(message);
        REQUIRE(query);
        auto const empty = dns::header_size + question.size() + (client == 0 ? 0 : opt.size());
        std::vector<dns::record_data> records(1, dns::record_data(limit - empty - 12));
        auto const whole = answer(*query, response_code::no_error, records, max_size);
        CHECK(whole.size() == limit);
        CHECK((whole[2] & 2) == 0);
        records[0].resize(records[0].size() + 1);
        auto const cut = answer(*query, response_code::no_error, records, max_size);
        CHECK(cut.size() == empty);
        CHECK((cut[2] & 2) == 2);
        CHECK(cut.substr(6, 2) == "\0\0"s);
    }
}

TEST_CASE("dns: a hosts file is read")
{
    auto const zone = zone_of("# comment\n\n \t\r\n192.0.2.1 a.b.example alias. # more\r\n"
                              "192.0.2.1\tA.B.EXAMPLE\n192.0.2.2 a.b.example\n::1 a.b.example\n"
                              "txt a.b.example  two words # and this \r\ntxt empty\ntxt long " +
                              std::string(256, 'x'));
    auto const a_b_example = to_name({"A", "b", "Example"});
    auto const addresses = zone.find(a_b_example, types::a);
    REQUIRE(addresses);
    REQUIRE(addresses->size() == 2);
    CHECK((*addresses)[0] == bytes("\xc0\0\2\1"s));
    CHECK((*addresses)[1] == bytes("\xc0\0\2\2"s));
    CHECK(zone.find(a_b_example, types::aaaa)->front() == bytes(std::string(15, '\0') + "\1"));
    CHECK(zone.find(a_b_example, types::txt)->front() == bytes("\x15two words # and this "s));
    CHECK(zone.find(to_name({"empty"}), types::txt)->front() == bytes("\0"s));
    CHECK(zone.find(to_name({"long"}), types::txt)->front() ==
          bytes("\xff" + std::string(255, 'x') + "\1x"));
    CHECK(zone.find(to_name({"alias"}), types::a)->size() == 1);

    CHECK(zone.find(to_name({"alias"}), types::aaaa)->empty());
    CHECK(zone.find(a_b_example, dns::record_type{15})->empty());
    CHECK(zone.find(to_name({"b", "example"}), types::a)->empty());
    CHECK(zone.find(to_name({}), types::a)->empty());
    CHECK_FALSE(zone.find(to_name({"c", "example"}), types::a));
    CHECK_FALSE(zone_of("").find(to_name({}), types::a));
}

TEST_CASE("dns: the message of a bad line has its number")
{
    for (auto const* line : {"192.0.2.256 a", "192.0.2.1", "192.0.2.1 # a", "nonsense a",
                             "fe80::1%1 a", "192.0.2.1 a..b", "192.0.2.1 .", "192.0.2.1 .a",
                             "192.0.2.1 good a\\b", "txt", "txt ", "txt a/b c", "TXT a b"}) {
        CAPTURE(line);
        CHECK_THROWS_WITH_AS(zone_of("# first\n"s + line + "\n::1 good\n"),
                             doctest::Contains("hosts:2: "), dns::zone_error);
    }
    std::string const label(63, 'x');
    auto const of_255 = label + "." + label + "." + label + "." + std::string(61, 'x');
    CHECK_NOTHROW(zone_of("::1 " + of_255));
    CHECK_THROWS_AS(zone_of("::1 " + of_255 + "x"), dns::zone_error);
    CHECK_THROWS_AS(zone_of("::1 " + label + "x"), dns::zone_error);
    CHECK_NOTHROW(zone_of("txt a " + std::string(4038, 'x')));
    CHECK_THROWS_AS(zone_of("txt a " + std::string(4039, 'x')), dns::zone_error);

    std::istringstream broken("::1 a");
    broken.setstate(std::ios::badbit);
    CHECK_THROWS_WITH_AS(dns::read_zone(broken, "hosts"), "hosts: cannot be read", dns::zone_error);
}

// NOLINTEND(performance-inefficient-string-concatenation)
// NOLINTEND(bugprone-random-generator-seed, modernize-raw-string-literal)
// NOLINTEND(bugprone-unchecked-optional-access, bugprone-throwing-static-initialization)
