#include "layouts.hpp"

#include <algorithm>
#include <utility>

#include "sizes.hpp"

import pktpool;

namespace fit {

namespace {

template <pktpool::bucket_policy B>
layout to_layout(std::string name)
{
    layout result{.name = std::move(name), .buckets = {}, .limits = {}};
    for (auto const& each : B::buckets) {
        result.buckets.push_back(each.size);
        result.limits.push_back(each.limit);
    }
    return result;
}

template <pktpool::ip F>
std::vector<layout> layouts_for(std::string const& family)
{
    return {
        to_layout<pktpool::libtorrent_buckets>("libtorrent_buckets"),
        to_layout<pktpool::utp_buckets<F>>("utp_buckets<" + family),
        to_layout<pktpool::quic_buckets<F>>("quic_buckets<" + family),
        to_layout<pktpool::dns_buckets<F>>("dns_buckets<" + family),
        to_layout<pktpool::rtp_buckets<F>>("rtp_buckets<" + family),
        to_layout<pktpool::dtls_buckets<F>>("dtls_buckets<" + family),
        to_layout<pktpool::wireguard_buckets<F>>("wireguard_buckets<" + family),
        to_layout<pktpool::coap_buckets<F>>("coap_buckets<" + family),
        to_layout<pktpool::jumbo_buckets<F>>("jumbo_buckets<" + family),
    };
}

/// The packets of one slab, as numbers.
template <pktpool::retention_policy Retention, bool ReturnOnDrop>
class slab_model {
public:
    explicit slab_model(std::size_t limit) : limit_(static_cast<std::uint32_t>(limit)) {}

    /// Whether it is a hit.
    bool acquire()
    {
        most_outstanding_ = std::max(most_outstanding_, ++outstanding_);
        bool const hit = idle_ > 0;
        idle_ -= hit ? 1U : 0U;
        return hit;
    }
    void release()
    {
        --outstanding_;
        idle_ += idle_ < Retention::ceiling(limit_) ? 1U : 0U;
    }
    void drop()
    {
        if constexpr (ReturnOnDrop) {
            release();
        } else {
            --outstanding_;
        }
    }
    void decay()
    {
        idle_ -= std::min(idle_, retention_.surplus({.idle = idle_,
                                                     .total = idle_ + outstanding_,
                                                     .most_outstanding = most_outstanding_,
                                                     .limit = limit_}));
        most_outstanding_ = outstanding_;
    }

private:
    std::uint32_t limit_;
    std::uint32_t idle_ = 0;
    std::uint32_t outstanding_ = 0;
    std::uint32_t most_outstanding_ = 0; ///< since the last decay
    Retention retention_;
};

template <class Slab>
std::uint64_t hits(packet_trace const& trace, layout const& of)
{
    std::vector<Slab> slabs(of.limits.begin(), of.limits.end());
    auto const none = slabs.size();               // of a packet above the largest bucket
    std::vector<std::size_t> bucket(trace.slots); // of the packet in each slot
    std::uint64_t result = 0;
    for (auto const& record : trace.records) {
        if (record.op == trace_record::operation::decay) {
            for (auto& slab : slabs) {
                slab.decay();
            }
            continue;
        }
        if (record.op == trace_record::operation::acquire) {
            bucket[record.slot] = bucket_of(of.buckets, record.size);
        }
        if (bucket[record.slot] == none) {
            continue;
        }
        auto& slab = slabs[bucket[record.slot]];
        if (record.op == trace_record::operation::acquire) {
            result += slab.acquire() ? 1U : 0U;
        } else if (record.op == trace_record::operation::release) {
            slab.release();
        } else {
            slab.drop();
        }
    }
    return result;
}

} // namespace

std::vector<layout> known_layouts(bool ipv4, bool ipv6)
{
    if (ipv4 && ipv6) {
        return layouts_for<pktpool::ip::dual>("ip::dual>");
    }
    return ipv6 ? layouts_for<pktpool::ip::v6>("ip::v6>") : layouts_for<pktpool::ip::v4>("ip::v4>");
}

hit_counts count_hits(std::span<packet_trace const> traces, layout const& of)
{
    hit_counts sum;
    for (auto const& trace : traces) {
        sum.acquires += static_cast<std::uint64_t>(
            std::ranges::count(trace.records, trace_record::operation::acquire, &trace_record::op));
        sum.fixed_limit += hits<slab_model<pktpool::fixed_limit, false>>(trace, of);
        sum.demand_tracked += hits<slab_model<pktpool::demand_tracked, true>>(trace, of);
    }
    return sum;
}

} // namespace fit
