// The service of the three programs without memory.
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <doctest/doctest.h>

#include "service.hpp"

import pktpool;

namespace {

bool memory_is_out = false;

struct failing_source : pktpool::heap_source {
    static void* allocate(std::size_t bytes)
    {
        if (memory_is_out) {
            throw std::bad_alloc();
        }
        return heap_source::allocate(bytes);
    }
};

struct some_buckets {
    static constexpr std::array buckets{pktpool::bucket{.size = 100, .limit = 64}};
};
using pool = pktpool::basic_packet_pool<some_buckets, pktpool::single_threaded, pktpool::counted,
                                        failing_source>;

struct closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

/// The text written so far.
std::string text_of(std::FILE* file)
{
    std::string text(4096, '\0');
    REQUIRE(std::fseek(file, 0, SEEK_SET) == 0);
    text.resize(std::fread(text.data(), 1, text.size(), file));
    return text;
}

} // namespace

TEST_CASE("service: without memory a datagram is lost, and the next ones are served")
{
    std::unique_ptr<std::FILE, closer> const log(std::tmpfile());
    REQUIRE(log);
    net::service<pool> service(net::address{}.to_endpoint(), 100, log.get());
    asio::io_context context;
    asio::ip::udp::socket peer(context, net::address{}.to_endpoint());
    auto const send = [&] {
        auto const said = text_of(log.get());
        auto const port = std::stoul(said.substr(said.find(':') + 1));
        auto to = net::address{}.to_endpoint();
        to.port(static_cast<unsigned short>(port));
        peer.send_to(asio::buffer("hello", 5), to);
    };
    int ticks = 0;
    std::size_t served = 0;
    service.run(
        [&](pool::packet_ptr p, net::endpoint const& from) {
            served += p->size;
            CHECK(from == peer.local_endpoint());
            service.send(std::move(p), from);
            std::raise(SIGTERM);
        },
        [&] {
            ++ticks;
            memory_is_out = ticks < 3;
            if (ticks == 1 || ticks == 3) {
                send();
            }
            if (ticks == 50) {
                std::raise(SIGTERM); // ends the test if datagrams are missing
            }
        });
    CHECK(served == 5);
    CHECK(text_of(log.get()).find("2 received, 0 malformed, 1 sent, 1 lost") != std::string::npos);
}
