// Built twice: with batches of recvmmsg(2) and sendmmsg(2), and with one call per datagram.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/udp.hpp>
#include <doctest/doctest.h>
#include <gsl/narrow>
#include <gsl/span>

#include "datagrams.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

namespace {

// Injected errors, as from a kernel without buffer space or a network without a route: for the next
// datagrams to send and the next calls to receive; 0, or an empty list, lets the call through.
std::vector<int> send_errors;
std::vector<int> receive_errors;

bool meets_error(std::vector<int>& errors)
{
    if (errors.empty() || errors.front() == 0) {
        return false;
    }
    errno = errors.front();
    errors.erase(errors.begin());
    return true;
}

void let_through(std::vector<int>& errors, std::size_t count)
{
    errors.erase(errors.begin(),
                 errors.begin() + gsl::narrow<std::ptrdiff_t>(std::min(count, errors.size())));
}

} // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names.
// The linker redirects the calls of the library here (--wrap).
extern "C" {
ssize_t __real_sendto(int socket, void const* data, std::size_t size, int flags, sockaddr const* to,
                      socklen_t length);
ssize_t __wrap_sendto(int socket, void const* data, std::size_t size, int flags, sockaddr const* to,
                      socklen_t length)
{
    if (meets_error(send_errors)) {
        return -1;
    }
    let_through(send_errors, 1);
    return __real_sendto(socket, data, size, flags, to, length);
}

ssize_t __real_recvfrom(int socket, void* data, std::size_t size, int flags, sockaddr* from,
                        socklen_t* length);
ssize_t __wrap_recvfrom(int socket, void* data, std::size_t size, int flags, sockaddr* from,
                        socklen_t* length)
{
    if (meets_error(receive_errors)) {
        return -1;
    }
    let_through(receive_errors, 1);
    return __real_recvfrom(socket, data, size, flags, from, length);
}

#if defined(__linux__)
int __real_sendmmsg(int socket, mmsghdr* messages, unsigned count, int flags);
int __wrap_sendmmsg(int socket, mmsghdr* messages, unsigned count, int flags)
{
    if (meets_error(send_errors)) {
        return -1;
    }
    auto const next_error = std::ranges::find_if(send_errors, [](int error) { return error != 0; });
    if (next_error != send_errors.end()) {
        count = std::min(count, gsl::narrow<unsigned>(next_error - send_errors.begin()));
    }
    let_through(send_errors, count);
    return __real_sendmmsg(socket, messages, count, flags);
}

int __real_recvmmsg(int socket, mmsghdr* messages, unsigned count, int flags, timespec* timeout);
int __wrap_recvmmsg(int socket, mmsghdr* messages, unsigned count, int flags, timespec* timeout)
{
    if (meets_error(receive_errors)) {
        return -1;
    }
    let_through(receive_errors, 1);
    return __real_recvmmsg(socket, messages, count, flags, timeout);
}
#endif
}
// NOLINTEND(bugprone-reserved-identifier)

namespace {

using asio::ip::udp;

struct sockets {
    explicit sockets(char const* host = "127.0.0.1")
        : from(context, udp::endpoint(asio::ip::make_address(host), 0)),
          to(context, udp::endpoint(asio::ip::make_address(host), 0))
    {
        send_errors.clear();
        receive_errors.clear();
    }

    asio::io_context context;
    udp::socket from;
    udp::socket to;
};

/// Datagrams whose payload is their number.
struct outbox {
    outbox(std::size_t count, udp::endpoint const& to) : texts(count)
    {
        for (std::size_t i = 0; i < count; ++i) {
            texts[i] = "datagram " + std::to_string(i);
            auto const bytes = gsl::as_writable_bytes(gsl::span<char>(texts[i]));
            datagrams.push_back({.bytes = bytes, .peer = to});
        }
    }

    std::vector<net::datagram> datagrams;
    std::vector<std::string> texts;
};

struct arrived {
    std::string text;
    udp::endpoint peer;
    bool truncated;
};

/// One call.
std::vector<arrived> receive(udp::socket& socket, std::size_t count, std::size_t buffer_size = 64)
{
    std::vector<std::byte> memory(count * buffer_size);
    std::vector<net::datagram> datagrams(count);
    for (std::size_t i = 0; i < count; ++i) {
        datagrams[i].bytes = gsl::span(memory).subspan(i * buffer_size, buffer_size);
    }
    auto const received = net::receive(socket, datagrams);
    REQUIRE(received <= count);
    std::vector<arrived> result;
    for (auto const& each : gsl::span(datagrams).first(received)) {
        auto const* const text = reinterpret_cast<char const*>(each.bytes.data());
        result.push_back({{text, each.bytes.size()}, each.peer, each.truncated});
    }
    return result;
}

/// Receives until `count` datagrams have arrived, or none arrives for long: their texts.
std::vector<std::string> receive_texts(udp::socket& socket, std::size_t count)
{
    std::vector<std::string> texts;
    for (int attempts = 0; texts.size() < count && attempts < 1000; ++attempts) {
        for (auto const& each : receive(socket, net::batch_size)) {
            texts.push_back(each.text);
        }
        if (texts.size() < count) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    return texts;
}

std::vector<std::string> expected_texts(std::size_t count, std::size_t without)
{
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) {
        if (i != without) {
            texts.push_back("datagram " + std::to_string(i));
        }
    }
    return texts;
}

constexpr auto none = std::numeric_limits<std::size_t>::max();

} // namespace

TEST_CASE("datagrams: batches of any size arrive in order")
{
    for (std::size_t const count : {0U, 1U, 2U, 63U, 64U, 65U, 130U}) {
        CAPTURE(count);
        sockets s;
        outbox const out(count, s.to.local_endpoint());
        CHECK(net::send(s.from, out.datagrams) == count);
        CHECK(receive_texts(s.to, count) == expected_texts(count, none));
        CHECK(receive(s.to, 1).empty());
    }
}

TEST_CASE("datagrams: a call receives at most a batch, and at most as many as there are buffers")
{
    sockets s;
    outbox const out(100, s.to.local_endpoint());
    REQUIRE(net::send(s.from, out.datagrams) == 100);
    CHECK(receive(s.to, 0).empty());
    CHECK(receive(s.to, 3).size() == 3);
    CHECK(receive(s.to, 100).size() == net::batch_size);
    CHECK(receive(s.to, 100).size() == 100 - 3 - net::batch_size);
}

TEST_CASE("datagrams: a datagram longer than its buffer is truncated and marked")
{
    sockets s;
    outbox const out(11, s.to.local_endpoint()); // the last text has one digit more
    REQUIRE(net::send(s.from, out.datagrams) == 11);
    auto const seen = receive(s.to, 2, 9);
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].text == "datagram ");
    CHECK(seen[0].truncated);
    auto const others = receive(s.to, 9, 11);
    REQUIRE(others.size() == 9);
    CHECK(others[0].text == "datagram 2");
    CHECK_FALSE(others[0].truncated);
    CHECK(others[8].text == "datagram 10");
}

TEST_CASE("datagrams: peer addresses are right, and an answer reaches them")
{
    for (auto const* const host : {"127.0.0.1", "::1"}) {
        CAPTURE(host);
        try {
            sockets s(host);
            udp::socket other(s.context, udp::endpoint(asio::ip::make_address(host), 0));
            outbox out(1, s.to.local_endpoint());
            for (auto* const from : {&s.from, &other, &s.from}) {
                REQUIRE(net::send(*from, out.datagrams) == 1);
            }
            auto const seen = receive(s.to, 4);
            REQUIRE(seen.size() == 3);
            CHECK(seen[0].peer == s.from.local_endpoint());
            CHECK(seen[1].peer == other.local_endpoint());
            CHECK(seen[2].peer == s.from.local_endpoint());

            out.datagrams[0].peer = seen[1].peer;
            CHECK(net::send(s.to, out.datagrams) == 1);
            CHECK(receive(other, 1).size() == 1);
        } catch (std::system_error const& error) {
            REQUIRE_MESSAGE(std::string_view(host) == "::1", error.what());
            MESSAGE("no IPv6 on this machine: " << error.what());
        }
    }
}

TEST_CASE("datagrams: an empty datagram arrives")
{
    sockets s;
    std::vector<net::datagram> const out(2, {.bytes = {}, .peer = s.to.local_endpoint()});
    CHECK(net::send(s.from, out) == 2);
    auto const seen = receive(s.to, 3);
    REQUIRE(seen.size() == 2);
    CHECK(seen[1].text.empty());
    CHECK_FALSE(seen[1].truncated);
}

TEST_CASE("datagrams: an unreachable peer loses no datagrams of others")
{
    sockets s;
    auto const gone = [&] {
        udp::socket const closed(s.context, udp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
        return closed.local_endpoint();
    }();
#if defined(IP_RECVERR)
    int const on = 1; // the kernel reports each ICMP message
    REQUIRE(::setsockopt(s.from.native_handle(), IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0);
#endif
    outbox out(9, s.to.local_endpoint());
    for (std::size_t const i : {0U, 1U, 4U, 8U}) {
        out.datagrams[i].peer = gone;
    }
    CHECK(net::send(s.from, out.datagrams) == 9); // sent; their fate is unknown
    CHECK(receive_texts(s.to, 5) == std::vector<std::string>{"datagram 2", "datagram 3",
                                                             "datagram 5", "datagram 6",
                                                             "datagram 7"});

    outbox const back(3, s.from.local_endpoint());
    REQUIRE(net::send(s.to, back.datagrams) == 3);
    CHECK(receive(s.from, 4).size() == 3);
}

TEST_CASE("datagrams: a datagram that cannot be sent is skipped")
{
    sockets s;
    std::vector<std::byte> too_long(65508); // more than IPv4 can carry
    outbox out(70, s.to.local_endpoint());
    out.datagrams[2].bytes = too_long;
    CHECK(net::send(s.from, out.datagrams) == 69);
    CHECK(receive_texts(s.to, 69) == expected_texts(70, 2));

    for (int const error : {EHOSTUNREACH, EHOSTDOWN, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL, EMSGSIZE,
                            EACCES, EPERM, ENOBUFS, ENOMEM, EINVAL}) {
        CAPTURE(error);
        outbox const again(5, s.to.local_endpoint());
        send_errors = {0, 0, error};
        CHECK(net::send(s.from, again.datagrams) == 4);
        CHECK(send_errors.empty());
        CHECK(receive_texts(s.to, 4) == expected_texts(5, 2));
    }
}

TEST_CASE("datagrams: after a signal or an error of an earlier datagram the send is repeated")
{
    sockets s;
    for (int const error : {ECONNREFUSED, ECONNRESET, EINTR}) {
        CAPTURE(error);
        outbox const out(5, s.to.local_endpoint());
        send_errors = {error, 0, 0, error, error, 0, error};
        CHECK(net::send(s.from, out.datagrams) == 5);
        CHECK(send_errors.empty());
        receive_errors = {error, error};
        CHECK(receive(s.to, 6).size() == 5);
        CHECK(receive_errors.empty());
    }
}

TEST_CASE("datagrams: without buffer space in the kernel the number of sent datagrams is returned")
{
    sockets s;
    for (std::size_t const accepted : {0U, 1U, 63U, 64U, 65U, 100U}) {
        CAPTURE(accepted);
        outbox const out(130, s.to.local_endpoint());
        send_errors.assign(accepted, 0);
        send_errors.push_back(EAGAIN);
        CHECK(net::send(s.from, out.datagrams) == accepted);
        CHECK(send_errors.empty());
        CHECK(receive_texts(s.to, accepted) == expected_texts(accepted, none));
        CHECK(receive(s.to, 1).empty());
    }
}

TEST_CASE("datagrams: temporary errors end with the next call")
{
    sockets s;
    for (int const error : {ENOMEM, ENOBUFS, ENETDOWN, EHOSTUNREACH, EPROTO}) {
        CAPTURE(error);
        outbox const out(2, s.to.local_endpoint());
        REQUIRE(net::send(s.from, out.datagrams) == 2);
        receive_errors = {error};
        CHECK(receive(s.to, 3).empty());
        CHECK(receive(s.to, 3).size() == 2);
    }
}

TEST_CASE("datagrams: a broken socket throws")
{
    sockets s;
    outbox const out(2, s.to.local_endpoint());
    for (auto* const errors : {&send_errors, &receive_errors}) {
        for (int const error : {EBADF, ENOTSOCK, EOPNOTSUPP}) {
            CAPTURE(error);
            *errors = {error};
            CHECK_THROWS_AS(errors == &send_errors ? net::send(s.from, out.datagrams)
                                                   : receive(s.from, 1).size(),
                            std::system_error);
            CHECK(errors->empty());
        }
    }
    s.from.close();
    CHECK_THROWS_AS(net::send(s.from, out.datagrams), std::system_error);
    CHECK_THROWS_AS(receive(s.from, 1), std::system_error);
}
