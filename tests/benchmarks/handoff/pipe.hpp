// One producer, one consumer, and one ring between them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "../workloads.hpp"
#include "link.hpp"
#include "memory.hpp"
#include "threads.hpp"
#include "throughput.hpp"
#include "wait.hpp"

namespace bench {

/// The consumer reads what the producer wrote: one cache line of the packet changes sides.
inline void read_header(std::byte const* data)
{
    std::array<std::byte, 20> header;
    std::memcpy(header.data(), data, header.size());
    keep(header.data());
}

struct pipe {
    std::size_t size = handoff_capacities.back(); ///< of a packet
    std::size_t span = 32;                        ///< packets in one call
    std::size_t under_way = 1024;                 ///< places in the ring
    bool acquires_singly = false;
    bool drops_singly = false;
};

template <handoff_memory M>
[[gnu::noinline]] void produce(M& memory, link<typename M::handle>& to, pipe const& shape,
                               throughput& run)
{
    std::vector<typename M::handle> batch(shape.span);
    while (!run.is_over()) {
        if (shape.acquires_singly) {
            for (auto& p : batch) {
                p = memory.acquire(shape.size);
            }
        } else {
            memory.acquire(shape.size, batch);
        }
        for (auto const& p : batch) {
            write_header(M::data(p), shape.size);
        }
        to.push(batch, run);
        run.add(0, batch.size());
    }
}

template <handoff_memory M>
[[gnu::noinline]] void consume(M& memory, link<typename M::handle>& from, pipe const& shape,
                               throughput const& run)
{
    std::vector<typename M::handle> batch(shape.span);
    for (patience patience; !run.is_over();) {
        std::span const come(batch.data(), from.pop(batch));
        for (auto const& p : come) {
            read_header(M::data(p));
        }
        if (come.empty()) {
            patience.wait();
        } else if (shape.drops_singly) {
            for (auto& p : come) {
                p.reset();
            }
        } else {
            memory.release(come);
        }
    }
}

/// Elapsed nanoseconds per packet. At most `under_way` packets are in the ring, and a span in the
/// hands of each thread.
template <handoff_memory M>
double hand_over(double seconds, pipe shape)
{
    shape.span = std::min(shape.span, shape.under_way);
    M memory(extent{.packets = shape.under_way + 2 * shape.span, .threads = 2});
    link<typename M::handle> ring(shape.under_way);
    throughput run(seconds, 2, 1);
    on_threads<M>(
        {[&] { produce(memory, ring, shape, run); }, [&] { consume(memory, ring, shape, run); }});
    return run.ns_per_packet();
}

} // namespace bench
