// Answers DNS queries from a hosts file, over UDP. Queries arrive in packets of 4096 bytes and are
// a hundred times smaller: those that wait move to a small packet, which frees the large one.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <gsl/narrow>
#include <gsl/span>

#include "dns_message.hpp"
#include "service.hpp"
#include "zone.hpp"

import pktpool;

namespace {

using clock = std::chrono::steady_clock;
using dns_buckets = pktpool::dns_buckets<pktpool::ip::dual>;

constexpr std::size_t most_waiting = 4096;

struct settings {
    net::address address;
    std::filesystem::path hosts;
    std::size_t max_size = 1232; // fits the smallest MTU of IPv6, so it is not fragmented
    std::chrono::milliseconds delay{0};
};

template <class Buckets, class... Policies>
using pool_of = pktpool::basic_packet_pool<Buckets, pktpool::single_threaded, pktpool::counted,
                                           pktpool::return_on_drop, Policies...>;

template <class Pool>
class responder {
public:
    responder(settings const& with, dns::zone zone)
        : settings_(with), zone_(std::move(zone)),
          service_(with.address.to_endpoint(), dns::largest_message)
    {
    }

    void run()
    {
        service_.run([this](packet_ptr p, net::endpoint const& from) { take(std::move(p), from); },
                     [this] { answer_waiting(); });
        std::printf("%llu waited, at most %zu bytes of packets at a time, %llu of them in vain\n",
                    waited_, most_bytes_, dropped_);
    }

private:
    using packet_ptr = typename Pool::packet_ptr;

    struct waiting {
        packet_ptr query;
        net::endpoint from;
        clock::time_point due;
    };

    void take(packet_ptr p, net::endpoint const& from)
    {
        auto const query = dns::read_query(p->used());
        if (!query || query->problem == dns::response_code::format_error) {
            service_.count_malformed();
        }
        if (!query) {
            return;
        }
        if (settings_.delay.count() == 0) {
            answer(*query, from);
            return;
        }
        if (waiting_.size() == most_waiting) {
            forget_oldest();
            ++dropped_;
        }
        service_.pool().shrink_to_bucket(p);
        waiting_.push_back(
            {.query = std::move(p), .from = from, .due = clock::now() + settings_.delay});
        bytes_ += waiting_.back().query->allocated;
        most_bytes_ = std::max(most_bytes_, bytes_);
        ++waited_;
    }

    void answer_waiting()
    {
        for (auto const now = clock::now(); !waiting_.empty() && waiting_.front().due <= now;) {
            auto const& oldest = waiting_.front();
            if (auto const query = dns::read_query(oldest.query->used())) {
                answer(*query, oldest.from);
            }
            forget_oldest();
        }
    }

    void forget_oldest()
    {
        bytes_ -= waiting_.front().query->allocated;
        waiting_.pop_front();
    }

    void answer(dns::query const& query, net::endpoint const& to)
    {
        auto code = query.problem;
        gsl::span<dns::record_data const> records;
        if (code == dns::response_code::no_error) {
            if (auto const found = zone_.find(query.question_name, query.type)) {
                records = *found;
            } else {
                code = dns::response_code::name_error;
            }
        }
        auto const planned = dns::plan_answer(query, code, records, settings_.max_size);
        auto p = service_.pool().acquire(planned.size);
        p->size = gsl::narrow<std::uint16_t>(planned.size);
        auto used = p->used();
        dns::write_answer(query, planned, used);
        service_.send(std::move(p), to);
    }

    settings settings_;
    dns::zone zone_;
    net::service<Pool> service_;
    std::deque<waiting> waiting_; // declared after the service: its packets return to the pool
    std::size_t bytes_ = 0;
    std::size_t most_bytes_ = 0;
    unsigned long long waited_ = 0;
    unsigned long long dropped_ = 0;
};

dns::zone read_hosts(std::filesystem::path const& path)
{
    std::ifstream in(path);
    if (!in) {
        throw dns::zone_error(path.string() + ": cannot be opened");
    }
    return dns::read_zone(in, path.string());
}

int run(int argc, char** argv)
{
    CLI::App app("Answers DNS queries over UDP from a hosts file:\n"
                 "  192.0.2.1 name alias...\n  2001:db8::1 name\n  txt name any text\n  # comment");
    settings with;
    with.address.add_options(app);
    app.add_option("hosts", with.hosts, "The hosts file")->required();
    app.add_option("--max-size", with.max_size, "Bytes of an answer with EDNS at the most")
        ->check(CLI::Range(dns::plain_size, dns::largest_message))
        ->capture_default_str();
    unsigned delay = 0;
    app.add_option("--delay", delay, "Milliseconds that a query waits, as if for an upstream")
        ->check(CLI::Range(0U, 60000U))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    with.delay = std::chrono::milliseconds(delay);

    auto zone = read_hosts(with.hosts);
    if (with.address.no_pool) {
        responder<pool_of<pktpool::unpooled<dns_buckets>>>(with, std::move(zone)).run();
    } else {
        responder<pool_of<dns_buckets, pktpool::demand_tracked>>(with, std::move(zone)).run();
    }
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    return net::run_program([=] { return run(argc, argv); });
}
