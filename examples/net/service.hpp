// The common part of the three programs: a UDP socket that is served in batches, each datagram in a
// packet of a pool, until a signal stops the program.
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include "batch_receiver.hpp"
#include "command_line.hpp"
#include "datagrams.hpp"

namespace net {

/// The command-line options that all three programs have.
struct address : local_address {
    bool no_pool = false;

    void add_options(CLI::App& app)
    {
        local_address::add_options(app);
        app.add_flag("--no-pool", no_pool, "Take each packet from malloc, to see what that costs");
    }
};

/// Receives into packets of `Pool`, which has `counted`, and sends such packets.
template <class Pool>
class service {
public:
    using packet_ptr = typename Pool::packet_ptr;

    /// Datagrams above `largest` bytes are dropped and counted. Messages go to `log`.
    service(endpoint const& local, std::size_t largest, std::FILE* log = stdout)
        : socket_(context_, local), signals_(context_, SIGINT, SIGTERM), timer_(context_),
          arrivals_(pool_, socket_, largest), log_(log)
    {
        socket_.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
        outgoing_.reserve(batch_size);
        destinations_.reserve(batch_size);
    }

    [[nodiscard]] Pool& pool() { return pool_; }

    /// Sends p->used() at the end of the batch.
    void send(packet_ptr p, endpoint const& to)
    {
        auto& packet = *p;
        outgoing_.push_back(std::move(p));
        send_kept(packet, to);
    }

    /// The same for a packet that its owner keeps, for another transmission. The packet must not
    /// change until the batch is sent: after batch_size packets, or on_tick, at the latest.
    void send_kept(typename Pool::packet& p, endpoint const& to)
    {
        auto used = p.used();
        destinations_.push_back({.bytes = used, .peer = to});
        if (destinations_.size() == batch_size) {
            flush();
        }
    }

    /// Counts a datagram that is not of the protocol.
    void count_malformed() { ++malformed_; }

    /// Calls `on_datagram(packet_ptr, endpoint)` for each datagram and `on_tick()` ten times a
    /// second, until SIGINT or SIGTERM and what arrived before it. Prints the address at the start,
    /// and the counts at the end.
    template <class OnDatagram, class OnTick>
    void run(OnDatagram on_datagram, OnTick on_tick)
    {
        print_address(log_, socket_.local_endpoint());
        signals_.async_wait([this](std::error_code error, int) {
            if (!error) {
                context_.stop();
            }
        });
        wait_for_datagrams(on_datagram);
        wait_for_tick(on_tick);
        context_.run();
        drain(on_datagram);
        arrivals_.release_unused();
        report();
    }

private:
    static constexpr int receive_buffer = 1 << 20; ///< bytes; Linux doubles them

    template <class OnDatagram>
    void wait_for_datagrams(OnDatagram& on_datagram)
    {
        socket_.async_wait(asio::ip::udp::socket::wait_read, [&](std::error_code error) {
            if (error) {
                throw std::system_error(error, "waiting for datagrams");
            }
            serve_batch(on_datagram);
            wait_for_datagrams(on_datagram);
        });
    }

    template <class OnTick>
    void wait_for_tick(OnTick& on_tick)
    {
        timer_.expires_after(std::chrono::milliseconds(100));
        timer_.async_wait([&](std::error_code error) {
            if (error) {
                throw std::system_error(error, "waiting for the timer");
            }
            try {
                on_tick();
            } catch (std::bad_alloc const&) {
                ++lost_; // the next tick tries again
            }
            flush();
            if (++ticks_ % 10 == 0) {
                pool_.decay();
            }
            wait_for_tick(on_tick);
        });
    }

    /// Returns the number of datagrams that it received.
    template <class OnDatagram>
    std::size_t serve_batch(OnDatagram& on_datagram)
    {
        auto const arrived = arrivals_.receive(batch_size, on_datagram);
        received_ += arrived.received;
        malformed_ += arrived.truncated;
        lost_ += arrived.lost;
        flush();
        return arrived.received;
    }

    /// Serves what is in the buffer of the socket. The bound is for a sender that never pauses: the
    /// buffer holds fewer datagrams, because Linux counts at least 512 bytes for each.
    template <class OnDatagram>
    void drain(OnDatagram& on_datagram)
    {
        std::size_t left = 2 * receive_buffer / 512;
        while (left > 0) {
            auto const received = serve_batch(on_datagram);
            left -= std::min(left, received);
            if (received < batch_size) {
                return;
            }
        }
    }

    void flush()
    {
        if (!destinations_.empty()) {
            auto const sent = net::send(socket_, destinations_);
            sent_ += sent;
            lost_ += destinations_.size() - sent;
            pool_.release(outgoing_);
            outgoing_.clear();
            destinations_.clear();
        }
    }

    void report() const
    {
        auto const seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
        std::fprintf(
            log_,
            "%llu received, %llu malformed, %llu sent, %llu lost, %.2f us of processor time "
            "a datagram\n%s",
            received_, malformed_, sent_, lost_,
            1e6 * seconds / static_cast<double>(std::max(1ULL, received_)),
            pool_.statistics().to_table().c_str());
    }

    Pool pool_; // first: the packets below return to it
    asio::io_context context_;
    asio::ip::udp::socket socket_;
    asio::signal_set signals_;
    asio::steady_timer timer_;
    batch_receiver<Pool> arrivals_;
    std::FILE* log_;
    std::vector<packet_ptr> outgoing_;
    std::vector<datagram> destinations_;
    unsigned ticks_ = 0;
    unsigned long long received_ = 0;
    unsigned long long malformed_ = 0;
    unsigned long long sent_ = 0;
    unsigned long long lost_ = 0;
};

} // namespace net
