#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

import pktpool;

namespace {

using pktpool::ip;

/// The expected values of a preset. Its sizes are those of a table of protocol facts; the module
/// computes them.
struct preset {
    std::string_view name;
    std::vector<std::size_t> sizes;
    std::size_t headroom = 0;
    std::size_t tailroom = 0;
};

template <class Buckets>
void check_edges(preset const& expected)
{
    CAPTURE(expected.name);
    REQUIRE(pktpool::bucket_count<Buckets> == expected.sizes.size());
    CHECK(pktpool::headroom_of<Buckets> == expected.headroom);
    CHECK(pktpool::tailroom_of<Buckets> == expected.tailroom);
    pktpool::basic_packet_pool<Buckets> pool;
    std::size_t before = 0; // the size of the next smaller bucket
    for (std::size_t i = 0; i < expected.sizes.size(); ++i) {
        auto const size = expected.sizes[i];
        CAPTURE(size);
        CHECK(Buckets::buckets[i].size == size);
        for (auto const requested : {before + 1, size - 1, size}) {
            auto const p = pool.acquire(requested);
            CHECK(p->bucket == (requested == before ? i - 1 : i));
            CHECK(p->allocated == (requested == before ? before : size));
        }
        before = size;
    }
    if (before < pktpool::max_packet_size) {
        auto const above = pool.acquire(before + 1);
        CHECK(above->bucket == pktpool::no_bucket);
        CHECK(above->allocated == before + 1);
    }
    CHECK(pool.acquire(0)->bucket == 0);
}

template <template <ip> class Buckets>
void check_edges(std::array<preset, 3> const& expected)
{
    check_edges<Buckets<ip::v4>>(expected[0]);
    check_edges<Buckets<ip::v6>>(expected[1]);
    check_edges<Buckets<ip::dual>>(expected[2]);
}

template <class Buckets>
std::vector<std::size_t> limits_of()
{
    std::vector<std::size_t> limits(Buckets::buckets.size());
    std::ranges::transform(Buckets::buckets, limits.begin(), &pktpool::bucket::limit);
    return limits;
}

/// A row of the table in modules/POLICIES.md.
template <class Buckets>
std::string sizes_of()
{
    std::ostringstream row;
    for (auto const& each : Buckets::buckets) {
        row << (row.tellp() > 0 ? ", " : "") << each.size;
    }
    return row.str();
}
template <template <ip> class Buckets>
std::string row_of(std::string const& name)
{
    return "| `" + name + "` | " + sizes_of<Buckets<ip::v4>>() + " | " +
           sizes_of<Buckets<ip::v6>>() + " | " + sizes_of<Buckets<ip::dual>>() + " |";
}

} // namespace

TEST_CASE("presets: every size goes to its bucket, at all edges")
{
    check_edges<pktpool::utp_buckets>({{{"uTP, IPv4", {64, 548, 1472}},
                                        {"uTP, IPv6", {64, 1232, 1452}},
                                        {"uTP, dual", {64, 1232, 1472}}}});
    check_edges<pktpool::quic_buckets>({{{"QUIC, IPv4", {128, 1252, 1472, 65535}},
                                         {"QUIC, IPv6", {128, 1232, 1452, 65535}},
                                         {"QUIC, dual", {128, 1252, 1472, 65535}}}});
    check_edges<pktpool::dns_buckets>({{{"DNS, IPv4", {512, 1232, 1400, 4096, 65535}},
                                        {"DNS, IPv6", {512, 1232, 1400, 4096, 65535}},
                                        {"DNS, dual", {512, 1232, 1400, 4096, 65535}}}});
    check_edges<pktpool::rtp_buckets>({{{"RTP, IPv4", {256, 548, 1200, 1472}, 0, 20},
                                        {"RTP, IPv6", {256, 1232, 1452}, 0, 20},
                                        {"RTP, dual", {256, 1232, 1472}, 0, 20}}});
    check_edges<pktpool::dtls_buckets>({{{"DTLS, IPv4", {256, 548, 1472, 18445}},
                                         {"DTLS, IPv6", {256, 1232, 1452, 18445}},
                                         {"DTLS, dual", {256, 1232, 1472, 18445}}}});
    check_edges<pktpool::wireguard_buckets>({{{"WireGuard, IPv4", {64, 148, 1472, 65535}},
                                              {"WireGuard, IPv6", {64, 148, 1452, 65535}},
                                              {"WireGuard, dual", {64, 148, 1472, 65535}}}});
    check_edges<pktpool::coap_buckets>({{{"CoAP, IPv4", {128, 548, 1152}},
                                         {"CoAP, IPv6", {128, 1152, 1232}},
                                         {"CoAP, dual", {128, 1152, 1232}}}});
    check_edges<pktpool::jumbo_buckets>({{{"jumbo, IPv4", {256, 1472, 8972}},
                                          {"jumbo, IPv6", {256, 1452, 8952}},
                                          {"jumbo, dual", {256, 1472, 8972}}}});
}

TEST_CASE("presets: limits are large for packets with payload and small for rare sizes")
{
    using limits = std::vector<std::size_t>;
    CHECK(limits_of<pktpool::utp_buckets<ip::v4>>() == limits{256, 64, 256});
    CHECK(limits_of<pktpool::quic_buckets<ip::v4>>() == limits{64, 256, 256, 8});
    CHECK(limits_of<pktpool::dns_buckets<ip::v4>>() == limits{256, 256, 64, 64, 8});
    CHECK(limits_of<pktpool::rtp_buckets<ip::v4>>() == limits{256, 256, 256, 64});
    CHECK(limits_of<pktpool::rtp_buckets<ip::v6>>() == limits{256, 256, 64});
    CHECK(limits_of<pktpool::dtls_buckets<ip::v4>>() == limits{64, 64, 256, 8});
    CHECK(limits_of<pktpool::wireguard_buckets<ip::v4>>() == limits{64, 64, 256, 8});
    CHECK(limits_of<pktpool::coap_buckets<ip::v4>>() == limits{256, 64, 64});
    CHECK(limits_of<pktpool::jumbo_buckets<ip::v4>>() == limits{64, 64, 256});
}

TEST_CASE("presets: headroom constants are the header sizes of the protocols")
{
    CHECK(pktpool::socks5_header_ipv4 == 10);
    CHECK(pktpool::socks5_header_ipv6 == 22);
    CHECK(pktpool::socks5_header_max == 262);
    CHECK(pktpool::srtp_trailer_max == 148);
}

TEST_CASE("presets: the largest datagram of the protocol fits a bucket that is kept")
{
    // The largest datagram of each protocol that the protocol itself bounds, not the link.
    CHECK(pktpool::bucket_index<pktpool::dns_buckets<ip::v6>>(65535) == 4);
    CHECK(pktpool::bucket_index<pktpool::quic_buckets<ip::v6>>(65527) == 3);
    CHECK(pktpool::bucket_index<pktpool::dtls_buckets<ip::v6>>(13 + (1 << 14) + 2048) == 3);
    CHECK(pktpool::bucket_index<pktpool::wireguard_buckets<ip::v6>>(65535) == 3);
    CHECK(pktpool::bucket_index<pktpool::coap_buckets<ip::v4>>(1152) == 2);
    CHECK(pktpool::bucket_index<pktpool::coap_buckets<ip::v6>>(1152) == 1);
}

TEST_CASE("presets: the table of the page has their sizes")
{
    std::ifstream file(PRESETS_PAGE);
    std::string const page{std::istreambuf_iterator<char>(file), {}};
    for (auto const& row : {row_of<pktpool::utp_buckets>("utp_buckets<F>"),
                            row_of<pktpool::quic_buckets>("quic_buckets<F>"),
                            row_of<pktpool::dns_buckets>("dns_buckets<F>"),
                            row_of<pktpool::rtp_buckets>("rtp_buckets<F>"),
                            row_of<pktpool::dtls_buckets>("dtls_buckets<F>"),
                            row_of<pktpool::wireguard_buckets>("wireguard_buckets<F>"),
                            row_of<pktpool::coap_buckets>("coap_buckets<F>"),
                            row_of<pktpool::jumbo_buckets>("jumbo_buckets<F>")}) {
        CAPTURE(row);
        CHECK(page.find("\n" + row + "\n") != std::string::npos);
    }
}
