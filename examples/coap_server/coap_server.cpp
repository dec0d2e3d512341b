// Serves files over CoAP from memory: GET and PUT, block-wise for large bodies, and Observe.
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "server.hpp"
#include "service.hpp"

import pktpool;

namespace {

/// Tailroom for the tag of AES-CCM-8, which OSCORE or DTLS would append to each message.
using buckets = pktpool::with_headroom_tailroom<pktpool::coap_buckets<pktpool::ip::v4>, 0, 8>;

using pool = pktpool::basic_packet_pool<buckets, pktpool::single_threaded, pktpool::counted,
                                        pktpool::demand_tracked, pktpool::return_on_drop>;
using no_pool = pktpool::basic_packet_pool<pktpool::unpooled<buckets>, pktpool::single_threaded,
                                           pktpool::counted>;

struct settings {
    net::address address;
    std::filesystem::path directory;
    std::size_t most = 256;
    std::size_t most_bytes = 16 << 20;
    double ack_timeout = 2; // RFC 7252 section 4.8
};

coap::body read_file(std::filesystem::path const& path)
{
    std::ifstream in(path, std::ios::binary);
    coap::body body(std::filesystem::file_size(path));
    if (!in.read(reinterpret_cast<char*>(body.data()), static_cast<std::streamsize>(body.size()))) {
        throw std::runtime_error(path.string() + " cannot be read");
    }
    return body;
}

void load(std::filesystem::path const& directory, coap::resources& resources)
{
    for (auto const& entry : std::filesystem::directory_iterator(directory)) {
        auto const name = entry.path().filename().string();
        if (entry.is_regular_file() &&
            resources.put(coap::percent_encoded(name), read_file(entry.path()), {}) !=
                coap::code::created) {
            throw std::runtime_error(entry.path().string() +
                                     " is too much: see --max-resources and --max-bytes");
        }
    }
}

template <class Pool>
void run(settings const& with)
{
    coap::resources resources(with.most, with.most_bytes);
    if (!with.directory.empty()) {
        load(with.directory, resources);
    }
    net::service<Pool> service(with.address.to_endpoint(), coap::largest_message);
    coap::server<Pool> server(service, resources, with.most_bytes,
                              std::chrono::duration_cast<coap::duration>(
                                  std::chrono::duration<double>(with.ack_timeout)));
    service.run([&](auto p, net::endpoint const& from) { server.on_datagram(std::move(p), from); },
                [&] { server.on_tick(); });
    server.report();
}

} // namespace

int main(int argc, char** argv)
{
    return net::run_program([&] {
        CLI::App app("Serves files over CoAP (RFC 7252), from memory: GET and PUT, in blocks where "
                     "they are\nlarge, and observed.");
        settings with;
        with.address.port = 5683;
        with.address.add_options(app);
        app.add_option("--resources", with.directory, "Folder with files to serve")
            ->check(CLI::ExistingDirectory);
        app.add_option("--max-resources", with.most, "How many resources there may be")
            ->capture_default_str();
        app.add_option("--max-bytes", with.most_bytes, "How many bytes of names and contents")
            ->capture_default_str();
        app.add_option("--ack-timeout", with.ack_timeout,
                       "Seconds until a notification is sent again, the first time")
            ->check(CLI::Range(0.1, 60.0))
            ->capture_default_str();
        CLI11_PARSE(app, argc, argv);
        with.address.no_pool ? run<no_pool>(with) : run<pool>(with);
        return 0;
    });
}
