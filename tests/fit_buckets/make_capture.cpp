// Writes a capture of as many UDP datagrams as asked for: small requests, answers of many sizes and
// full packets, over IPv4 and IPv6. The same bytes each time.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include <pcap/pcap.h>

#include "frames.hpp"

namespace {

std::size_t next_size(std::mt19937& random)
{
    switch (random() % 10) {
    case 0:
    case 1:
    case 2: // requests
        return 40 + random() % 20;
    case 3:
    case 4:
    case 5: // answers
        return 60 + random() % 1000;
    default: // full packets, of two paths
        return 1200 + random() % 2 * 252;
    }
}

} // namespace

int main(int argc, char** argv)
{
    try {
        if (argc != 3) {
            std::fprintf(stderr, "usage: make_capture FILE DATAGRAMS\n");
            return EXIT_FAILURE;
        }
        frames::capture_writer to(argv[1], DLT_EN10MB);
        std::mt19937 random(1); // NOLINT(bugprone-random-generator-seed): the same each time
        std::uint64_t time = 1'700'000'000'000'000;
        auto const count = std::stoul(argv[2]);
        for (std::size_t i = 0; i < count; ++i) {
            auto const datagram = frames::udp(next_size(random));
            to.write(random() % 4 == 0
                         ? frames::ethernet(frames::type_ipv6, frames::ipv6(datagram))
                         : frames::ethernet(frames::type_ipv4, frames::ipv4(datagram)),
                     time);
            time += random() % 2000; // microseconds
        }
        return EXIT_SUCCESS;
    } catch (std::exception const& e) {
        std::fprintf(stderr, "make_capture: %s\n", e.what());
        return EXIT_FAILURE;
    }
}
