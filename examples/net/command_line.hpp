// What the programs with a UDP socket have in common on their command line.
#pragma once

#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/udp.hpp>

namespace net {

using endpoint = asio::ip::udp::endpoint;

struct local_address {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;

    void add_options(CLI::App& app)
    {
        app.add_option("--address", host, "Address to listen on")->capture_default_str();
        app.add_option("--port", port, "Port to listen on; 0 takes a free one")
            ->capture_default_str();
    }
    [[nodiscard]] endpoint to_endpoint() const
    {
        std::error_code error;
        auto const ip = asio::ip::make_address(host, error);
        if (error) {
            throw std::invalid_argument("--address: " + host + " is not an IP address");
        }
        return {ip, port};
    }
};

/// Tells the user, and programs that start this one, where it listens.
inline void print_address(std::FILE* log, endpoint const& local)
{
    std::fprintf(log, "listening on %s:%u\n", local.address().to_string().c_str(),
                 unsigned{local.port()});
    std::fflush(log);
}

/// Runs the program and returns its exit status; prints the exception that ended it on stderr.
template <class Program>
int run_program(Program program)
{
    try {
        return program();
    } catch (std::exception const& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}

} // namespace net
