// The first stage: receives datagrams into packets and hands them to the workers. Its thread owns
// the pool.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <system_error>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <asio/steady_timer.hpp>
#include <gsl/util>

#include "batch_receiver.hpp"
#include "datagrams.hpp"
#include "inbox.hpp"
#include "traffic.hpp"

namespace pipeline {

template <class Pool>
class receiver {
public:
    using packet_ptr = typename Pool::packet_ptr;
    using endpoint = asio::ip::udp::endpoint;

    /// Stops after `most` datagrams; pool and inboxes live longer.
    receiver(Pool& pool, endpoint const& local, std::size_t largest,
             std::deque<inbox<packet_ptr>>& workers, std::uint64_t most)
        : pool_(pool), workers_(workers), left_(most), socket_(context_, local), timer_(context_),
          arrivals_(pool, socket_, largest)
    {
        socket_.set_option(asio::socket_base::receive_buffer_size(1 << 20));
        socket_.non_blocking(true);
    }

    /// The last stage sends from it.
    [[nodiscard]] asio::ip::udp::socket& socket() { return socket_; }
    [[nodiscard]] thread_counts const& counts() const { return counts_; }
    /// Packets that were acquired and not received into, after run().
    [[nodiscard]] std::size_t unused() const { return unused_; }

    /// Until stop() or the last datagram. Throws std::system_error if the socket is broken.
    void run()
    {
        auto const at_end = gsl::finally([this] {
            for (auto& worker : workers_) {
                worker.end();
            }
        });
        wait_for_datagrams();
        wait_for_tick();
        context_.run();
        unused_ = arrivals_.release_unused();
    }

    /// Any thread may call it, also before run().
    void stop() { context_.stop(); }

private:
    void wait_for_datagrams()
    {
        socket_.async_wait(asio::ip::udp::socket::wait_read, [this](std::error_code error) {
            if (error) {
                throw std::system_error(error, "waiting for datagrams");
            }
            receive_batch();
            if (left_ > 0) {
                wait_for_datagrams();
            } else {
                stop();
            }
        });
    }

    /// Only the owner may call decay(). The packets that came back on other threads count as idle.
    void wait_for_tick()
    {
        timer_.expires_after(std::chrono::seconds(1));
        timer_.async_wait([this](std::error_code error) {
            if (error) {
                throw std::system_error(error, "waiting for the timer");
            }
            pool_.decay();
            wait_for_tick();
        });
    }

    void receive_batch()
    {
        auto const most = std::min<std::uint64_t>(left_, net::batch_size);
        auto const arrived = arrivals_.receive(most, [this](packet_ptr p, endpoint const& from) {
            p->peer = from;
            // All datagrams of a peer take the same way, so they keep their order.
            auto const worker = std::hash<endpoint>{}(from) % workers_.size();
            if (!workers_[worker].push(0, std::move(p))) {
                counts_.dropped += 1; // the packet goes back here
            }
        });
        counts_.received += arrived.received;
        counts_.truncated += arrived.truncated;
        counts_.lost += arrived.lost;
        left_ -= arrived.received;
    }

    Pool& pool_;
    std::deque<inbox<packet_ptr>>& workers_;
    std::uint64_t left_;
    asio::io_context context_;
    asio::ip::udp::socket socket_;
    asio::steady_timer timer_;
    net::batch_receiver<Pool> arrivals_;
    thread_counts counts_;
    std::size_t unused_ = 0;
};

} // namespace pipeline
