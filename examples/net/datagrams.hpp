// Datagrams in batches, without waiting: recvmmsg(2) and sendmmsg(2) on Linux, one call per
// datagram elsewhere. If the socket is non-blocking, one thread may receive while another sends.
#pragma once

#include <cstddef>

#include <asio/ip/udp.hpp>
#include <gsl/span>

namespace net {

inline constexpr std::size_t batch_size = 64; ///< the most datagrams per call

struct datagram {
    gsl::span<std::byte> bytes;   ///< buffer to receive into; afterwards the received bytes
    asio::ip::udp::endpoint peer; ///< sender or destination
    bool truncated = false; ///< the datagram was longer than the buffer, or (not on Linux) as long
};

/// Fills the first datagrams with what has arrived and returns their number, possibly 0. Throws
/// std::system_error if the socket is broken; an unreachable peer is no such error.
std::size_t receive(asio::ip::udp::socket& socket, gsl::span<datagram> batch);

/// Returns how many datagrams were sent. The others are dropped: the kernel had no buffer space or
/// no route to the peer. Throws std::system_error if the socket is broken.
std::size_t send(asio::ip::udp::socket& socket, gsl::span<datagram const> batch);

} // namespace net
