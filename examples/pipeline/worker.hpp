// The middle stage: makes the answer to a datagram, in the packet that it was received into.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <gsl/util>

#include "datagrams.hpp"
#include "inbox.hpp"
#include "traffic.hpp"

namespace pipeline {

inline constexpr std::size_t trailer_size = 8;

/// Appends the number of the worker and the number of the answer, big endian. Clients tell lost and
/// reordered answers by it.
template <class Packet>
void append_trailer(Packet& p, std::uint32_t worker, std::uint32_t answer)
{
    auto shift = 8 * trailer_size;
    for (auto& byte : p.append(trailer_size)) {
        shift -= 8;
        byte = std::byte((std::uint64_t{worker} << 32U | answer) >> shift);
    }
}

template <class PacketPtr>
class worker {
public:
    /// `number` is also the worker's number as a sender of `next`. The inboxes live longer.
    worker(std::uint32_t number, inbox<PacketPtr>& mine, inbox<PacketPtr>& next)
        : number_(number), mine_(mine), next_(next)
    {
    }

    [[nodiscard]] thread_counts const& counts() const { return counts_; }
    /// Answers handed on or dropped.
    [[nodiscard]] std::uint64_t answers() const { return answers_; }

    /// Until the receiver has ended.
    void run()
    {
        auto const at_end = gsl::finally([this] { next_.end(); });
        std::array<PacketPtr, net::batch_size> batch;
        while (auto const count = mine_.take(batch)) {
            for (auto& p : std::span(batch).first(count)) {
                append_trailer(*p, number_, static_cast<std::uint32_t>(answers_));
                answers_ += 1;
                if (!next_.push(number_, std::move(p))) {
                    p.reset(); // the pool takes it from this thread
                    counts_.dropped += 1;
                }
            }
        }
    }

private:
    std::uint32_t number_;
    inbox<PacketPtr>& mine_;
    inbox<PacketPtr>& next_;
    thread_counts counts_;
    counter answers_;
};

} // namespace pipeline
