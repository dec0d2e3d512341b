#include "layouts.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "packet_trace.hpp"
#include "player.hpp"
#include "sizes.hpp"

import pktpool;

namespace {

template <class Buckets, class... Policies>
using counted_pool =
    pktpool::basic_packet_pool<Buckets, pktpool::single_threaded, pktpool::counted, Policies...>;

template <class Buckets>
void check_hits(packet_trace const& trace, fit::layout const& of)
{
    CAPTURE(of.name);
    auto const counted = fit::count_hits(std::span(&trace, 1), of);
    auto const fixed = count<counted_pool<Buckets>>(trace);
    CHECK(counted.acquires == fixed.acquires);
    CHECK(counted.fixed_limit == fixed.hits);
    auto const adaptive =
        count<counted_pool<Buckets, pktpool::demand_tracked, pktpool::return_on_drop>>(trace);
    CHECK(counted.demand_tracked == adaptive.hits);
}

fit::layout const& find(std::vector<fit::layout> const& layouts, std::string const& name)
{
    return *std::ranges::find(layouts, name, &fit::layout::name);
}

std::vector<std::string> names(std::vector<fit::layout> const& layouts)
{
    std::vector<std::string> result(layouts.size());
    std::ranges::transform(layouts, result.begin(), &fit::layout::name);
    return result;
}

} // namespace

TEST_CASE("layouts: the counted hits are those of real pools, with each retention policy")
{
    auto const known = fit::known_layouts(true, false);
    for (char const* const name : {"churn_seeder", "lossy_leecher", "fanout_seeder_100k"}) {
        CAPTURE(name);
        auto const trace =
            read_trace(std::filesystem::path(SHIPPED_TRACES) / (std::string(name) + ".trace"));
        check_hits<pktpool::libtorrent_buckets>(trace, find(known, "libtorrent_buckets"));
        check_hits<pktpool::utp_buckets<pktpool::ip::v4>>(trace,
                                                          find(known, "utp_buckets<ip::v4>"));
        // Sizes above its largest bucket.
        check_hits<pktpool::coap_buckets<pktpool::ip::v4>>(trace,
                                                           find(known, "coap_buckets<ip::v4>"));
    }
}

TEST_CASE("layouts: the same on random traces, with drops, and with windows without an acquire")
{
    using enum trace_record::operation;
    auto const known = fit::known_layouts(true, false);
    std::mt19937 random(1); // NOLINT(bugprone-random-generator-seed): the same each time
    for (int round = 0; round < 50; ++round) {
        packet_trace trace{.slots = 40, .records = {}};
        std::vector<bool> full(trace.slots);
        for (int i = 0; i < 600; ++i) {
            auto const slot = static_cast<std::uint32_t>(random() % trace.slots);
            // Phases of more acquires, and of more releases.
            bool const acquires = random() % 4 < (i / 100 % 2 == 0 ? 3U : 1U);
            if (random() % 8 == 0) {
                trace.records.push_back({.slot = 0, .size = 0, .op = decay});
            } else if (full[slot] != acquires) {
                full[slot] = acquires;
                auto const gives_back = random() % 2 == 0 ? release : drop;
                trace.records.push_back({.slot = slot,
                                         .size = static_cast<std::uint16_t>(random() % 1600),
                                         .op = acquires ? acquire : gives_back});
            }
        }
        check_hits<pktpool::libtorrent_buckets>(trace, find(known, "libtorrent_buckets"));
    }
}

TEST_CASE("layouts: every preset, for the IP versions of the traffic")
{
    CHECK(names(fit::known_layouts(true, false)) ==
          std::vector<std::string>{
              "libtorrent_buckets", "utp_buckets<ip::v4>", "quic_buckets<ip::v4>",
              "dns_buckets<ip::v4>", "rtp_buckets<ip::v4>", "dtls_buckets<ip::v4>",
              "wireguard_buckets<ip::v4>", "coap_buckets<ip::v4>", "jumbo_buckets<ip::v4>"});
    CHECK(find(fit::known_layouts(false, true), "utp_buckets<ip::v6>").buckets ==
          std::vector<std::size_t>{64, 1232, 1452});
    CHECK(find(fit::known_layouts(true, true), "utp_buckets<ip::dual>").buckets ==
          std::vector<std::size_t>{64, 1232, 1472});
    CHECK(find(fit::known_layouts(true, true), "libtorrent_buckets").limits ==
          std::vector<std::size_t>{10, 10, 10});
}

TEST_CASE("layouts: loss and worst loss are those of the module")
{
    using buckets = pktpool::libtorrent_buckets;
    std::vector<std::size_t> const run_time{20, 548, 1472};
    std::vector<std::size_t> const observed{0, 3, 20, 21, 500, 1400, 9000};
    constexpr auto expected = pktpool::fragmentation_of<buckets>({0, 3, 20, 21, 500, 1400, 9000});
    fit::size_counts sizes;
    for (auto const size : observed) {
        sizes.add(size, 1);
    }
    auto const lost = fit::loss_of(run_time, sizes);
    CHECK(lost.requested == expected.requested);
    CHECK(lost.capacity == expected.capacity);
    CHECK(fit::worst_loss(run_time, 0, 65535) == pktpool::worst_fragmentation<buckets>(0, 65535));
    CHECK(fit::worst_loss(run_time, 25, 548) == pktpool::worst_fragmentation<buckets>(25, 548));
    CHECK(fit::worst_loss(run_time, 1472, 1472) == 0);
    CHECK(fit::loss{}.share() == 0);
}
