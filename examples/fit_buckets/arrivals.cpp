#include "arrivals.hpp"

#include <algorithm>
#include <utility>

namespace fit {

namespace {

constexpr std::chrono::seconds set_back{1};
constexpr std::chrono::hours longest_silence{1};

} // namespace

std::chrono::nanoseconds arrival_recorder::to_own_clock(time at)
{
    auto const before = std::exchange(previous_, at);
    if (!before) {
        next_decay_ = lifetime_.window;
        return now_;
    }
    if (at < *before && *before - at <= set_back) {
        previous_ = before; // captured out of order
        return now_;
    }
    return now_ + std::max(time{0}, at - *before);
}

void arrival_recorder::release_until(time to)
{
    while (!outstanding_.empty() && outstanding_.front().until <= to) {
        auto const& oldest = outstanding_.front();
        trace_.records.push_back(
            {.slot = oldest.slot, .size = oldest.size, .op = trace_record::operation::release});
        free_slots_.push_back(oldest.slot);
        outstanding_.pop_front();
    }
}

void arrival_recorder::decay()
{
    release_until(next_decay_);
    trace_.records.push_back({.slot = 0, .size = 0, .op = trace_record::operation::decay});
    next_decay_ += lifetime_.window;
}

void arrival_recorder::advance(time to)
{
    while (next_decay_ <= to && !outstanding_.empty()) {
        decay();
    }
    auto left = std::max<time::rep>(1, longest_silence / lifetime_.window);
    for (; next_decay_ <= to && left > 0; --left) {
        decay();
    }
    if (next_decay_ <= to) { // windows that are not recorded
        next_decay_ += ((to - next_decay_) / lifetime_.window + 1) * lifetime_.window;
    }
    release_until(to);
    now_ = to;
}

std::uint32_t arrival_recorder::take_slot()
{
    if (free_slots_.empty()) {
        return trace_.slots++;
    }
    auto const slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
}

void arrival_recorder::add(time at, std::uint16_t size)
{
    advance(to_own_clock(at));
    auto const slot = take_slot();
    trace_.records.push_back({.slot = slot, .size = size, .op = trace_record::operation::acquire});
    auto const until = lifetime_.hold ? now_ + *lifetime_.hold : next_decay_;
    outstanding_.push_back({.until = until, .slot = slot, .size = size});
}

packet_trace arrival_recorder::finish()
{
    release_until(time::max());
    return std::move(trace_);
}

} // namespace fit
