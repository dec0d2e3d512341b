// Captures made by libpcap's writer, and read.
#include "capture.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <pcap/pcap.h>

#include "frames.hpp"

namespace {

using frames::bytes;
using frames::operator+; // NOLINT(misc-unused-using-decls): the check sees no operators
using namespace std::chrono_literals;

/// A file that is removed at the end of a test.
class temporary_file {
public:
    temporary_file() = default;
    temporary_file(temporary_file const&) = delete;
    temporary_file& operator=(temporary_file const&) = delete;
    ~temporary_file()
    {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }

    [[nodiscard]] std::filesystem::path const& path() const { return path_; }
    void write(std::string const& text) const
    {
        std::ofstream(path_, std::ios::binary)
            .write(text.data(), static_cast<std::streamsize>(text.size()));
    }

private:
    // Tests of one program run one after the other; of several programs in other directories.
    std::filesystem::path path_ =
        std::filesystem::temp_directory_path() /
        ("fit_buckets." + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + ".pcap");
};

struct result {
    std::vector<std::size_t> sizes;
    std::vector<std::chrono::nanoseconds> times;
    fit::frame_counts counts;
    std::string damage;
};

result read(std::filesystem::path const& file, std::string const& filter = "")
{
    result all;
    fit::capture_reader capture(file, filter);
    while (auto const arrived = capture.next()) {
        all.sizes.emplace_back(arrived->datagram.size);
        all.times.push_back(arrived->at);
    }
    all.counts = capture.counts();
    all.damage = capture.damage();
    return all;
}

using sizes = std::vector<std::size_t>;

} // namespace

TEST_CASE("captures: every link type")
{
    auto const ipv4 = frames::ipv4(frames::udp(100));
    auto const ipv6 = frames::ipv6(frames::udp(200));
    for (auto const& [type, first, second] : std::vector<std::tuple<int, bytes, bytes>>{
             {DLT_EN10MB, frames::ethernet(frames::type_ipv4, ipv4),
              frames::ethernet(0x8100, frames::vlan(frames::type_ipv6, ipv6))},
             {DLT_LINUX_SLL, frames::linux_cooked(frames::type_ipv4, ipv4),
              frames::linux_cooked(frames::type_ipv6, ipv6)},
             {DLT_LINUX_SLL2, frames::linux_cooked_v2(frames::type_ipv4, ipv4),
              frames::linux_cooked_v2(frames::type_ipv6, ipv6)},
             {DLT_RAW, ipv4, ipv6},
             {DLT_IPV4, ipv4, ipv6},
             {DLT_IPV6, ipv4, ipv6},
             {DLT_NULL, frames::loopback(2, ipv4), frames::loopback(30, ipv6)},
             {DLT_LOOP, bytes{0, 0, 0, 2} + ipv4, bytes{0, 0, 0, 24} + ipv6},
         }) {
        CAPTURE(type);
        temporary_file const file;
        {
            frames::capture_writer to(file.path(), type);
            to.write(first);
            to.write(second);
        }
        auto const found = read(file.path());
        CHECK(found.sizes == sizes{100, 200});
        CHECK(found.damage.empty());
        CHECK(read(file.path(), "greater 240").sizes == sizes{200});
    }
}

TEST_CASE("captures: times in microseconds and nanoseconds")
{
    for (bool const nanoseconds : {false, true}) {
        temporary_file const file;
        {
            frames::capture_writer to(file.path(), DLT_RAW, nanoseconds);
            to.write(frames::ipv4(frames::udp(1)), 1'700'000'000'123'456);
        }
        auto const at = read(file.path()).times.at(0);
        CHECK(at == (nanoseconds ? 1'700'000'000'123'456ns : 1'700'000'000'123'456us));
    }
}

TEST_CASE("captures: what is not used is counted by kind")
{
    temporary_file const file;
    {
        frames::capture_writer to(file.path(), DLT_RAW);
        to.write(frames::ipv4(frames::udp_of_length(3000, 1400), {.fragment = 0x2000}));
        to.write(frames::ipv4(bytes(1400, 0), {.fragment = 0x2000 | 176U}));
        to.write(frames::ipv4(bytes(200, 0), {.fragment = 351}));
        to.write(frames::ipv4(bytes(40, 0), {.protocol = 6}));
        to.write(frames::ipv4(frames::udp_of_length(3, 40)));
        to.write(frames::ipv4(frames::udp(500)), 0, 96); // the headers are there
        to.write(frames::ipv4(frames::udp(500)), 0, 24);
    }
    auto const found = read(file.path());
    CHECK(found.sizes == sizes{2992, 500});
    CHECK(found.counts.all() == 7);
    CHECK(found.counts.unused() == "1 of other protocols, 2 later fragments, "
                                   "1 cut before the end of the UDP header, 1 malformed");
    auto const tcp = read(file.path(), "tcp");
    CHECK(tcp.counts.all() == 1);
    CHECK(tcp.counts.unused() == "1 of other protocols");
    CHECK(read(file.path(), "port 9").counts.all() == 0);
    CHECK(fit::frame_counts{}.unused().empty());
}

TEST_CASE("captures: what cannot be read is refused with one line")
{
    temporary_file const file;
    auto const refuses = [&](std::string const& why, std::string const& filter = "") {
        CAPTURE(why);
        CHECK_THROWS_WITH_AS(static_cast<void>(read(file.path(), filter)),
                             doctest::Contains(why.c_str()), fit::capture_error);
    };
    refuses(": cannot be read as a file");
    file.write("");
    refuses(": no capture that libpcap can read: truncated dump file");
    file.write("no capture at all, but long enough for the header of one");
    refuses(": no capture that libpcap can read: unknown file format");
    {
        frames::capture_writer const to(file.path(), DLT_IEEE802_11);
    }
    refuses(": link type IEEE802_11 is unknown; known are Ethernet, Linux cooked");
    {
        frames::capture_writer const to(file.path(), DLT_EN10MB);
    }
    refuses(": filter \"udp port\": ", "udp port");
    refuses(": filter \"vlan 5000\": ", "vlan 5000");
    CHECK(read(file.path()).counts.all() == 0);
    CHECK_THROWS_AS(static_cast<void>(read(std::filesystem::temp_directory_path())),
                    fit::capture_error);
}

TEST_CASE("captures: one that is cut is read up to the cut")
{
    temporary_file const file;
    auto const frame = frames::ethernet(frames::type_ipv4, frames::ipv4(frames::udp(100)));
    {
        frames::capture_writer to(file.path(), DLT_EN10MB);
        for (int i = 0; i < 10; ++i) {
            to.write(frame);
        }
    }
    std::size_t const header = 24;
    auto const record = 16 + frame.size();
    for (auto const size : {header + 10 * record - 1, header + 4 * record + 7, header + 3}) {
        CAPTURE(size);
        std::filesystem::resize_file(file.path(), size);
        if (size < header + record) {
            auto const found = read(file.path());
            CHECK(found.sizes.empty());
            CHECK(found.damage.find("truncated") != std::string::npos);
            continue;
        }
        auto const found = read(file.path());
        CHECK(found.sizes.size() == (size - header) / record);
        CHECK(found.damage.find("truncated") != std::string::npos);
    }
}

namespace {

/// pcapng, which libpcap reads and does not write: blocks of little-endian numbers.
std::string u16(std::size_t value)
{
    return {static_cast<char>(value), static_cast<char>(value >> 8U)};
}
std::string u32(std::size_t value)
{
    return u16(value) + u16(value >> 16U);
}
std::string block(std::size_t type, std::string content)
{
    content.resize((content.size() + 3) / 4 * 4);
    auto const size = u32(content.size() + 12);
    return u32(type) + size + content + size;
}
std::string section_header()
{
    return block(0x0a0d0d0a, u32(0x1a2b3c4d) + u16(1) + u16(0) + std::string(8, '\xff'));
}
std::string interface_of(int link_type)
{
    return block(1, u16(static_cast<std::size_t>(link_type)) + u16(0) + u32(65535));
}
std::string enhanced_packet(bytes const& frame, std::uint64_t time, std::size_t interface = 0)
{
    return block(6, u32(interface) + u32(time >> 32U) + u32(time) + u32(frame.size()) +
                        u32(frame.size()) + std::string(frame.begin(), frame.end()));
}

} // namespace

TEST_CASE("captures: pcapng, whole, cut, and with interfaces of two link types")
{
    temporary_file const file;
    auto const frame = frames::ethernet(frames::type_ipv4, frames::ipv4(frames::udp(333)));
    auto const all = section_header() + interface_of(1) +
                     block(5, std::string(20, '\0')) + // statistics
                     enhanced_packet(frame, 1'700'000'000'000'007) +
                     enhanced_packet(frame, 1'700'000'000'000'009);
    file.write(all);
    auto const found = read(file.path());
    CHECK(found.sizes == sizes{333, 333});
    CHECK(found.times ==
          std::vector<std::chrono::nanoseconds>{1'700'000'000'000'007us, 1'700'000'000'000'009us});
    CHECK(found.damage.empty());

    file.write(all.substr(0, all.size() - 5));
    auto const cut = read(file.path());
    CHECK(cut.sizes == sizes{333});
    CHECK(cut.damage.find("truncated pcapng dump file") != std::string::npos);

    // Times of a wrong resolution are far away, and nothing overflows.
    file.write(
        section_header() +
        block(1, u16(1) + u16(0) + u32(65535) + u16(9) + u16(1) + std::string("\0\0\0\0", 4)) +
        enhanced_packet(frame, ~std::uint64_t{0}));
    CHECK(read(file.path()).sizes == sizes{333});

    file.write(section_header() + interface_of(1) + interface_of(101) +
               enhanced_packet(frame, 0, 0));
    auto const two_types = read(file.path());
    CHECK(two_types.sizes.empty());
    CHECK(two_types.damage.find("type") != std::string::npos);
}
