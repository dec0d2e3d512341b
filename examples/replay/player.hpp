// A trace and a pool: the replay, and what it shows of the pool.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "packet_trace.hpp"

/// Replays the trace and writes to each packet as a protocol would: a uTP header.
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

    [[nodiscard]] auto idle() const noexcept { return pool_.idle(); }
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

struct counts {
    std::size_t acquires = 0;
    std::size_t hits = 0;
    std::size_t most_idle_bytes = 0;
    std::size_t sum_idle_bytes = 0; ///< over the records
};

template <class Pool>
counts count(packet_trace const& trace)
{
    counts result;
    player<Pool> with(trace);
    for (auto const& r : trace.records) {
        auto const before = with.idle().count;
        with.play(r);
        auto const after = with.idle();
        if (r.op == trace_record::operation::acquire) {
            ++result.acquires;
            result.hits += after.count < before ? 1U : 0U; // it came from the idle ones
        }
        result.most_idle_bytes = std::max(result.most_idle_bytes, after.bytes);
        result.sum_idle_bytes += after.bytes;
    }
    return result;
}
