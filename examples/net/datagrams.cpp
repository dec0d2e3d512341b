#include "datagrams.hpp"

#include <algorithm>
#include <cstddef>
#include <system_error>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/udp.hpp>
#include <gsl/span>

#if defined(__linux__) && !defined(NET_ONE_BY_ONE)
#    include <array>
#    include <cerrno>

#    include <gsl/narrow>
#    include <sys/socket.h>
#    include <sys/uio.h>
#endif

namespace net {

namespace {

/// A signal, or an ICMP message about an earlier datagram. The call did nothing else: repeat it.
bool must_repeat(std::error_code const& error)
{
    return error == asio::error::interrupted || error == asio::error::connection_refused ||
           error == asio::error::connection_reset;
}

/// An error of the socket itself, not of a peer, a datagram or a lack of memory.
bool is_broken(std::error_code const& error)
{
    namespace errors = asio::error;
    return error == errors::bad_descriptor || error == errors::not_socket ||
           error == errors::fault || error == errors::operation_not_supported;
}

bool is_temporary(std::error_code const& error)
{
    return error == asio::error::would_block || error == asio::error::try_again;
}

} // namespace

#if defined(__linux__) && !defined(NET_ONE_BY_ONE)

namespace {

/// The message headers of a batch.
class headers {
public:
    explicit headers(gsl::span<datagram const> batch) : count_(std::min(batch.size(), batch_size))
    {
        for (std::size_t i = 0; i < count_; ++i) {
            vectors_[i] = {.iov_base = batch[i].bytes.data(), .iov_len = batch[i].bytes.size()};
            messages_[i].msg_hdr.msg_iov = &vectors_[i];
            messages_[i].msg_hdr.msg_iovlen = 1;
        }
    }

    [[nodiscard]] mmsghdr& operator[](std::size_t index) { return messages_[index]; }
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] mmsghdr* from(std::size_t index) { return &messages_[index]; }

private:
    std::size_t count_;
    std::array<iovec, batch_size> vectors_{};
    std::array<mmsghdr, batch_size> messages_{};
};

std::error_code last_error()
{
    return {errno, asio::error::get_system_category()}; // the category of Asio's own errors
}

} // namespace

std::size_t receive(asio::ip::udp::socket& socket, gsl::span<datagram> batch)
{
    headers messages(batch);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        messages[i].msg_hdr.msg_name = batch[i].peer.data();
        messages[i].msg_hdr.msg_namelen = gsl::narrow<socklen_t>(batch[i].peer.capacity());
    }
    while (true) {
        int const received =
            ::recvmmsg(socket.native_handle(), messages.from(0),
                       gsl::narrow<unsigned>(messages.size()), MSG_DONTWAIT, nullptr);
        if (received < 0) {
            auto const error = last_error();
            if (must_repeat(error)) {
                continue;
            }
            if (is_broken(error) || error == asio::error::invalid_argument) {
                throw std::system_error(error, "recvmmsg");
            }
            return 0;
        }
        auto const count = gsl::narrow<std::size_t>(received);
        for (std::size_t i = 0; i < count; ++i) {
            batch[i].peer.resize(messages[i].msg_hdr.msg_namelen);
            batch[i].bytes = batch[i].bytes.first(messages[i].msg_len);
            batch[i].truncated = (messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
        }
        return count;
    }
}

std::size_t send(asio::ip::udp::socket& socket, gsl::span<datagram const> batch)
{
    std::size_t sent = 0;
    for (; !batch.empty(); batch = batch.subspan(std::min(batch.size(), batch_size))) {
        headers messages(batch);
        for (std::size_t i = 0; i < messages.size(); ++i) {
            // The kernel only reads the address.
            messages[i].msg_hdr.msg_name = const_cast<sockaddr*>(batch[i].peer.data());
            messages[i].msg_hdr.msg_namelen = gsl::narrow<socklen_t>(batch[i].peer.size());
        }
        std::size_t done = 0;
        while (done < messages.size()) {
            int const went =
                ::sendmmsg(socket.native_handle(), messages.from(done),
                           gsl::narrow<unsigned>(messages.size() - done), MSG_DONTWAIT);
            if (went >= 0) {
                done += gsl::narrow<std::size_t>(went);
                sent += gsl::narrow<std::size_t>(went);
                continue;
            }
            auto const error = last_error(); // of the first datagram that is left
            if (is_temporary(error)) {
                return sent;
            }
            if (is_broken(error)) {
                throw std::system_error(error, "sendmmsg");
            }
            done += must_repeat(error) ? 0U : 1U;
        }
    }
    return sent;
}

#else

std::size_t receive(asio::ip::udp::socket& socket, gsl::span<datagram> batch)
{
    if (!socket.non_blocking()) {
        socket.non_blocking(true);
    }
    std::size_t received = 0;
    while (received < std::min(batch.size(), batch_size)) {
        auto& next = batch[received];
        std::error_code error;
        auto const bytes = socket.receive_from(asio::buffer(next.bytes.data(), next.bytes.size()),
                                               next.peer, {}, error);
        if (must_repeat(error)) {
            continue;
        }
        if (is_broken(error) || error == asio::error::invalid_argument) {
            throw std::system_error(error, "recvfrom");
        }
        if (error && error != asio::error::message_size) { // Windows reports a truncated datagram
            break;
        }
        // Elsewhere a datagram that fills the buffer may have been longer.
        next.truncated = error == asio::error::message_size || bytes == next.bytes.size();
        next.bytes = next.bytes.first(bytes);
        ++received;
    }
    return received;
}

std::size_t send(asio::ip::udp::socket& socket, gsl::span<datagram const> batch)
{
    if (!socket.non_blocking()) {
        socket.non_blocking(true);
    }
    std::size_t sent = 0;
    for (auto const& each : batch) {
        std::error_code error;
        do {
            socket.send_to(asio::buffer(each.bytes.data(), each.bytes.size()), each.peer, {},
                           error);
        } while (must_repeat(error));
        if (is_temporary(error)) {
            break;
        }
        if (is_broken(error)) {
            throw std::system_error(error, "sendto");
        }
        sent += error ? 0U : 1U;
    }
    return sent;
}

#endif

} // namespace net
