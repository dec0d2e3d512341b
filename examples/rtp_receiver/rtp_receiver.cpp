// Writes the payload of an RTP stream to a file, in order. Packets that arrive early wait in the
// packet of the pool that they were received into.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <gsl/narrow>

#include "jitter_buffer.hpp"
#include "rtp_packet.hpp"
#include "service.hpp"
#include "sink.hpp"

import pktpool;

namespace {

constexpr std::size_t frame_header = 2; // RFC 4571, section 2: the length of the packet
constexpr std::size_t largest = 1472;   // bytes of a packet: Ethernet

using rtp_sizes = pktpool::rtp_buckets<pktpool::ip::v4>;
static_assert(rtp_sizes::buckets.back().size == largest);

using buckets = pktpool::with_headroom_tailroom<rtp_sizes, frame_header, rtp_sizes::tailroom>;

/// Becomes a member of each packet.
struct arrival_time {
    std::chrono::steady_clock::time_point arrival{};
};

template <class Buckets, class... Retention>
using pool_of = pktpool::basic_packet_pool<Buckets, pktpool::single_threaded, pktpool::counted,
                                           pktpool::return_on_drop, arrival_time, Retention...>;

struct options {
    net::address at;
    std::string output;
    std::chrono::milliseconds::rep latency = 100;
    bool framed = false;
};

template <class Pool>
class receiver {
    using packet_ptr = typename Pool::packet_ptr;
    using clock = std::chrono::steady_clock;

public:
    explicit receiver(options const& with)
        : log_(with.output == "-" ? stderr : stdout), framed_(with.framed), sink_(with.output),
          service_(with.at.to_endpoint(), largest, log_),
          buffer_(std::chrono::milliseconds(with.latency))
    {
    }

    void run()
    {
        service_.run([this](packet_ptr p, net::endpoint const&) { take(std::move(p)); },
                     [this] { buffer_.expire(clock::now(), writer()); });
        buffer_.flush(writer());
        auto const& counts = buffer_.counts();
        std::fprintf(log_,
                     "%llu written, %llu missing, %llu late, %llu duplicates, %llu restarts, "
                     "%llu streams, %llu foreign, %llu RTCP\n",
                     counts.written, counts.missing, counts.late, counts.duplicates,
                     counts.restarts, streams_, foreign_, rtcp_);
    }

private:
    /// After this time without a packet another sender may take over.
    static constexpr std::chrono::seconds silence{3};

    void take(packet_ptr p)
    {
        if (rtp::is_rtcp(p->used())) {
            ++rtcp_;
            return;
        }
        auto const header = rtp::parse(p->used());
        if (!header) {
            service_.count_malformed();
            return;
        }
        auto const now = clock::now();
        if (!is_of_the_stream(header->ssrc, now)) {
            ++foreign_;
            return;
        }
        p->header_size = gsl::narrow<std::uint16_t>(header->size);
        if (!framed_) {
            p->trim_end(header->padding);
        }
        if (!buffer_.is_next(header->sequence)) {
            service_.pool().shrink_to_bucket(p); // it will be held
        }
        buffer_.push(std::move(p), header->sequence, now, writer());
    }

    bool is_of_the_stream(std::uint32_t ssrc, clock::time_point now)
    {
        if (ssrc_ != ssrc) {
            if (ssrc_ && now - last_arrival_ < silence) {
                return false;
            }
            buffer_.flush(writer());
            ssrc_ = ssrc;
            ++streams_;
        }
        last_arrival_ = now;
        return true;
    }

    auto writer()
    {
        return [this](packet_ptr p) {
            if (framed_) {
                auto const length = p->size;
                auto const bytes = p->prepend(frame_header);
                bytes[0] = std::byte(length >> 8);
                bytes[1] = std::byte(length & 0xff);
                sink_.write(p->used());
            } else {
                sink_.write(p->payload());
            }
            service_.pool().release(std::move(p));
        };
    }

    std::FILE* log_; // stdout may be for the payload
    bool framed_;
    sink sink_;
    net::service<Pool> service_;
    jitter_buffer<packet_ptr> buffer_;
    std::optional<std::uint32_t> ssrc_;
    clock::time_point last_arrival_;
    unsigned long long streams_ = 0;
    unsigned long long foreign_ = 0;
    unsigned long long rtcp_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    return net::run_program([argc, argv] {
        options with;
        CLI::App app("Receives an RTP stream and writes its payload to a file, in order.");
        with.at.add_options(app);
        app.add_option("--output", with.output, "File to write; - is stdout")->required();
        app.add_option("--latency", with.latency,
                       "Milliseconds that a packet waits at most for those before it")
            ->check(CLI::Range(0, 10000))
            ->capture_default_str();
        app.add_flag("--framed", with.framed,
                     "Write whole packets, each with its length before it in two bytes (RFC 4571)");
        CLI11_PARSE(app, argc, argv);
        if (with.at.no_pool) {
            receiver<pool_of<pktpool::unpooled<buckets>>>(with).run();
        } else {
            receiver<pool_of<buckets, pktpool::demand_tracked>>(with).run();
        }
        return 0;
    });
}
