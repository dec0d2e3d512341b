// A pool type as a subject. Instantiated for each combination of policies, so it does as little as
// it can. Every name of pktpool's depends on the pool: the header comes before the import.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <gsl/span>

#include "subject.hpp"

namespace fuzz {

/// A packet with own_metadata or utp_metadata.
template <class Packet>
void fill(Packet& packet, std::size_t size, std::size_t header_size, std::size_t sequence)
{
    packet.size = static_cast<std::uint16_t>(size);
    packet.header_size = static_cast<std::uint16_t>(header_size);
    if constexpr (requires { packet.owned; }) {
        packet.sequence = sequence;
        packet.owned.take();
    } else {
        packet.send_time = std::chrono::steady_clock::time_point(
            std::chrono::steady_clock::duration(static_cast<std::int64_t>(sequence)));
        packet.num_transmissions = 63;
        packet.need_resend = true;
        packet.mtu_probe = true;
    }
}

template <class Packet>
packet_view look_at(Packet& packet)
{
    packet_view result{.data = packet.data(),
                       .address = &packet,
                       .bucket = packet.bucket,
                       .allocated = packet.allocated,
                       .size = packet.used().size(),
                       .header_size = packet.used().size() - packet.payload().size()};
    if constexpr (requires { packet.owned; }) {
        result.sequence = packet.sequence;
        result.flags = packet.owned.held() ? 1 : 0;
    } else {
        result.sequence = static_cast<std::size_t>(packet.send_time.time_since_epoch().count());
        result.flags = packet.num_transmissions | (packet.need_resend ? 64U : 0U) |
                       (packet.mtu_probe ? 128U : 0U);
    }
    return result;
}

/// `Source` is made from a memory resource, if it can be.
template <class Pool, class Source, std::array<std::size_t, 2> KnownSizes>
class pool_subject final : public subject {
    using handle = typename Pool::packet_ptr;

public:
    void create(std::size_t pool, std::pmr::memory_resource& memory) override
    {
        if constexpr (requires { Source(memory); }) {
            pools_[pool].emplace(Source(memory));
        } else {
            pools_[pool].emplace();
        }
    }
    void destroy(std::size_t pool) override { pools_[pool].reset(); }
    void move_construct(std::size_t to, std::size_t from) override
    {
        pools_[to].emplace(std::move(*pools_[from]));
    }
    void move_assign(std::size_t to, std::size_t from) override
    {
        *pools_[to] = std::move(*pools_[from]);
    }

    void acquire(std::size_t pool, std::size_t size, std::size_t slot) override
    {
        handles_[slot] = pools_[pool]->acquire(size);
    }
    void acquire_known(std::size_t pool, std::size_t number, std::size_t slot) override
    {
        auto& from = *pools_[pool];
        handles_[slot] = number == 0 ? from.template acquire<KnownSizes[0]>()
                                     : from.template acquire<KnownSizes[1]>();
    }
    void acquire_batch(std::size_t pool, std::size_t size, std::size_t slot,
                       std::size_t count) override
    {
        pools_[pool]->acquire(size, gsl::span<handle>(handles_).subspan(slot, count));
    }
    void release(std::size_t pool, std::size_t slot) override
    {
        pools_[pool]->release(std::move(handles_[slot]));
    }
    void release_batch(std::size_t pool, std::size_t slot, std::size_t count) override
    {
        pools_[pool]->release(gsl::span<handle>(handles_).subspan(slot, count));
    }
    bool shrink(std::size_t pool, std::size_t slot) override
    {
        return pools_[pool]->shrink_to_bucket(handles_[slot]);
    }
    void drop(std::size_t slot) override { handles_[slot].reset(); }
    void reserve(std::size_t pool, std::size_t size, std::size_t packets) override
    {
        pools_[pool]->reserve(size, packets);
    }
    void decay(std::size_t pool) override { pools_[pool]->decay(); }
    void trim(std::size_t pool) override { pools_[pool]->trim(); }
    void detach(std::size_t pool) override { pools_[pool]->detach(); }

    [[nodiscard]] packet_view view(std::size_t slot) const override
    {
        return handles_[slot] ? look_at(*handles_[slot]) : packet_view{};
    }
    void fill(std::size_t slot, std::size_t size, std::size_t header_size,
              std::size_t sequence) override
    {
        fuzz::fill(*handles_[slot], size, header_size, sequence);
    }
    void idle(std::size_t pool, std::span<amount> into) const override
    {
        for (std::size_t i = 0; i + 1 < into.size(); ++i) {
            auto const bucket = pools_[pool]->idle(i);
            into[i] = {.count = bucket.count, .bytes = bucket.bytes};
        }
        auto const all = pools_[pool]->idle();
        into.back() = {.count = all.count, .bytes = all.bytes};
    }

    [[nodiscard]] std::vector<counters> counted(std::size_t pool) const override
    {
        std::vector<counters> rows;
        if constexpr (requires { pools_[pool]->statistics(); }) {
            auto const now = pools_[pool]->statistics();
            for (auto const& each : now.buckets) {
                rows.push_back(counters_of(each));
            }
            rows.push_back(counters_of(now.above));
            rows.push_back(counters_of(now.total));
        }
        return rows;
    }
    [[nodiscard]] std::size_t placed(std::size_t pool) const override
    {
        std::size_t sum = 0;
        if constexpr (requires { pools_[pool]->outstanding(); }) {
            for (auto const& each : pools_[pool]->outstanding()) {
                sum += each.count;
            }
        }
        return sum;
    }

private:
    static counters counters_of(auto const& row)
    {
        return {.hits = row.hits,
                .misses = row.misses,
                .kept = row.kept,
                .freed = row.freed,
                .drops = row.drops,
                .decayed = row.decayed,
                .trimmed = row.trimmed,
                .reserved = row.reserved,
                .outstanding = row.outstanding,
                .most_outstanding = row.most_outstanding};
    }

    std::array<std::optional<Pool>, pool_count> pools_;
    std::vector<handle> handles_ = std::vector<handle>(slot_count);
};

} // namespace fuzz
