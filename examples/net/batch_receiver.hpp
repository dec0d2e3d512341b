// Receives datagrams into packets of a pool, a batch at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include <asio/ip/udp.hpp>
#include <gsl/narrow>
#include <gsl/span>

#include "datagrams.hpp"

namespace net {

/// All calls are made by one thread, which may acquire from the pool.
template <class Pool>
class batch_receiver {
public:
    using packet_ptr = typename Pool::packet_ptr;

    /// Datagrams of one call.
    struct counts {
        std::size_t received = 0;
        std::size_t truncated = 0; ///< of these, above the largest size
        std::size_t lost = 0;      ///< of these, without memory
    };

    /// Pool and socket live longer. Datagrams above `largest` bytes are dropped and counted.
    batch_receiver(Pool& pool, asio::ip::udp::socket& socket, std::size_t largest)
        : pool_(pool), socket_(socket), largest_(largest)
    {
    }

    /// Receives what has arrived, `most` datagrams and batch_size at the most. Calls
    /// `on_datagram(packet_ptr, endpoint)` for each; a datagram for which it throws std::bad_alloc
    /// is lost. Throws std::system_error if the socket is broken.
    template <class OnDatagram>
    counts receive(std::size_t most, OnDatagram&& on_datagram)
    {
        auto inbox = refill();
        if (inbox.empty()) {
            return drop_one();
        }
        inbox = inbox.first(std::min(most, inbox.size()));
        std::array<datagram, batch_size> datagrams;
        for (std::size_t i = 0; i < inbox.size(); ++i) {
            auto buffer = inbox[i]->buffer(largest_);
            datagrams[i].bytes = buffer;
        }
        counts done;
        auto const count = net::receive(socket_, gsl::span(datagrams).first(inbox.size()));
        for (std::size_t i = 0; i < count; ++i) {
            ++done.received;
            if (datagrams[i].truncated) {
                ++done.truncated;
                continue; // its packet is received into again
            }
            inbox[i]->size = gsl::narrow_cast<std::uint16_t>(datagrams[i].bytes.size());
            try {
                on_datagram(std::move(inbox[i]), datagrams[i].peer);
            } catch (std::bad_alloc const&) {
                ++done.lost;
            }
        }
        return done;
    }

    /// Releases the packets that nothing was received into and returns their number.
    std::size_t release_unused()
    {
        auto const unused =
            std::ranges::count_if(inbox_, [](packet_ptr const& p) { return p != nullptr; });
        pool_.release(inbox_);
        return gsl::narrow<std::size_t>(unused);
    }

private:
    /// Removes a datagram that cannot be received: the socket would report it again and again.
    counts drop_one()
    {
        std::byte nothing{};
        datagram dropped{.bytes = {&nothing, 1}, .peer = {}};
        auto const count = net::receive(socket_, gsl::span(&dropped, 1));
        return {.received = count, .lost = count};
    }

    /// Packets to receive into; fewer without memory.
    std::span<packet_ptr> refill()
    {
        try {
            pool_.acquire_missing(largest_, inbox_);
            return inbox_;
        } catch (std::bad_alloc const&) {
            auto const missing = std::partition(inbox_.begin(), inbox_.end(),
                                                [](packet_ptr const& p) { return p != nullptr; });
            return {inbox_.begin(), missing};
        }
    }

    Pool& pool_;
    asio::ip::udp::socket& socket_;
    std::size_t largest_;
    std::array<packet_ptr, batch_size> inbox_;
};

} // namespace net
