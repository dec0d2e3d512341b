// The last stage: sends the answers of all workers and gives their packets back.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>

#include <asio/ip/udp.hpp>
#include <gsl/span>

#include "datagrams.hpp"
#include "inbox.hpp"
#include "traffic.hpp"

namespace pipeline {

template <class PacketPtr>
class sender {
public:
    using give_back = std::function<void(std::span<PacketPtr>)>;

    /// Calls `give` with each batch that was sent. Socket and inbox live longer.
    sender(asio::ip::udp::socket& socket, inbox<PacketPtr>& mine, give_back give)
        : socket_(socket), mine_(mine), give_back_(std::move(give))
    {
    }

    [[nodiscard]] thread_counts const& counts() const { return counts_; }

    /// Until all workers have ended. Throws std::system_error if the socket is broken.
    void run()
    {
        std::array<PacketPtr, net::batch_size> batch;
        while (auto const count = mine_.take(batch)) {
            send(std::span(batch).first(count));
        }
    }

private:
    void send(std::span<PacketPtr> batch)
    {
        std::array<net::datagram, net::batch_size> datagrams;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            auto used = batch[i]->used();
            datagrams[i] = {.bytes = used, .peer = batch[i]->peer};
        }
        auto const sent = net::send(socket_, gsl::span(datagrams).first(batch.size()));
        counts_.sent += sent;
        counts_.lost += batch.size() - sent;
        give_back_(batch);
    }

    asio::ip::udp::socket& socket_;
    inbox<PacketPtr>& mine_;
    give_back give_back_;
    thread_counts counts_;
};

} // namespace pipeline
