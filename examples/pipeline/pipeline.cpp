// A UDP echo server of several threads: a receiver, workers, a sender, and one that prints
// statistics. Packets are handed from thread to thread and go back to the pool where they end.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include "command_line.hpp"
#include "echo_server.hpp"
#include "worker.hpp"

import pktpool;

namespace {

/// Becomes a member of each packet.
struct origin {
    net::endpoint peer;
};

/// With the trailer of the answer, a datagram of the largest size fills an Ethernet frame.
struct datagram_sizes {
    static constexpr std::size_t tailroom = pipeline::trailer_size;
    static constexpr std::array buckets{pktpool::bucket{
        .size = pktpool::udp_payload(1500, pktpool::ip::v4) - tailroom, .limit = 256}};
};
constexpr std::size_t largest = datagram_sizes::buckets.back().size;

template <class Threading>
using pool_of = pktpool::basic_packet_pool<datagram_sizes, Threading, pktpool::demand_tracked,
                                           pktpool::return_on_drop, pktpool::counted, origin>;

/// The destruction of a handle calls free(), on any thread, and the pool is not told.
using malloc_pool =
    pktpool::basic_packet_pool<pktpool::unpooled<datagram_sizes>, pktpool::single_threaded, origin>;

int run(int argc, char** argv)
{
    CLI::App app("Answers each UDP datagram with its bytes, the number of a worker, and the number "
                 "of the answer among those of the worker, each with four bytes, big endian.");
    pipeline::settings with;
    with.local.add_options(app);
    app.add_option("--workers", with.workers, "Threads that make the answers")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    app.add_option("--queue", with.queue, "Packets that a queue between two threads holds")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    std::string memory = "single_owner";
    app.add_option("--memory", memory, "Threading policy of the pool, or each packet from malloc")
        ->check(CLI::IsMember({"single_owner", "synchronized", "malloc"}))
        ->capture_default_str();
    std::uint32_t seconds = 0;
    app.add_option("--seconds", seconds, "Stop after this time; 0 waits for a signal")
        ->check(CLI::Range(0, 1000000))
        ->capture_default_str();
    app.add_option("--packets", with.packets, "Stop after this many datagrams; 0 is no limit")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    with.duration = std::chrono::seconds(seconds);

    if (memory == "single_owner") {
        pipeline::echo_server<pool_of<pktpool::single_owner>, largest>(with).run();
    } else if (memory == "synchronized") {
        pipeline::echo_server<pool_of<pktpool::synchronized<>>, largest>(with).run();
    } else {
        pipeline::echo_server<malloc_pool, largest>(with).run();
    }
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    return net::run_program([=] { return run(argc, argv); });
}
