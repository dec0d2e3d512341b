// Replays a trace against a pool, and reads the counts of the pool.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "packet_trace.hpp"

/// Replays the trace and writes to each packet, as a protocol does: a uTP header.
template <class Pool>
class player {
public:
    explicit player(packet_trace const& trace) : slots_(trace.slots) {}

    void play(trace_record const& r)
    {
        switch (r.op) {
        case trace_record::operation::acquire: {
            auto& slot = slots_[r.slot];
            slot = pool_.acquire(r.size);
            outstanding_ += bytes(slot);
            std::fill_n(slot->data(), std::min<std::size_t>(r.size, 20), std::byte{0x2a});
            break;
        }
        case trace_record::operation::release:
            outstanding_ -= bytes(slots_[r.slot]);
            pool_.release(std::move(slots_[r.slot]));
            break;
        case trace_record::operation::drop:
            outstanding_ -= bytes(slots_[r.slot]);
            slots_[r.slot].reset();
            break;
        case trace_record::operation::decay: // has no slot, and the trace may have none
            pool_.decay();
            break;
        }
    }

    [[nodiscard]] auto const& pool() const noexcept { return pool_; }
    [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_; }

private:
    static std::size_t bytes(typename Pool::packet_ptr const& p)
    {
        return sizeof(*p) + p->allocated;
    }

    Pool pool_;
    std::size_t outstanding_ = 0; // bytes, headers included
    std::vector<typename Pool::packet_ptr> slots_;
};

/// The counts of a replay.
struct counts {
    std::size_t acquires = 0;
    std::size_t hits = 0;
    std::size_t most_idle_bytes = 0;
    std::uint64_t sum_idle_bytes = 0; ///< over the records
    std::string table;                ///< per bucket
};

/// `Pool` has the policy `counted`.
template <class Pool>
counts count(packet_trace const& trace)
{
    counts result;
    player<Pool> with(trace);
    for (auto const& r : trace.records) {
        with.play(r);
        auto const idle = with.pool().idle().bytes;
        result.most_idle_bytes = std::max(result.most_idle_bytes, idle);
        result.sum_idle_bytes += idle;
    }
    auto const statistics = with.pool().statistics();
    result.hits = static_cast<std::size_t>(statistics.total.hits);
    result.acquires = result.hits + static_cast<std::size_t>(statistics.total.misses);
    result.table = statistics.to_table();
    return result;
}
