// Datagrams in batches, without waiting: recvmmsg(2) and sendmmsg(2) on Linux, one call a datagram
// elsewhere.
#pragma once

#include <cstddef>

#include <asio/ip/udp.hpp>
#include <gsl/span>

namespace net {

inline constexpr std::size_t batch_size = 64; ///< datagrams that one call takes at the most

struct datagram {
    gsl::span<std::byte> bytes;   ///< room to receive into; afterwards what came
    asio::ip::udp::endpoint peer; ///< where it came from, or goes to
    bool truncated = false;       ///< there was more than the room, or (not on Linux) just as much
};

/// Fills the first of them with what has arrived and says how many: none, if nothing has. Throws
/// std::system_error when the socket is broken; that a peer is unreachable is no such thing.
std::size_t receive(asio::ip::udp::socket& socket, gsl::span<datagram> batch);

/// Says how many of them went. The others are lost, as datagrams are: there was no room in the
/// kernel, or no way to the peer. Throws std::system_error when the socket is broken.
std::size_t send(asio::ip::udp::socket& socket, gsl::span<datagram const> batch);

} // namespace net
