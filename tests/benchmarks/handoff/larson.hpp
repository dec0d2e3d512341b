// Random replacements by threads that take over each other's packets, after the description of
// Larson's server benchmark.
#pragma once

#include <barrier>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "pipe.hpp"

namespace bench {

/// The original never ends a generation of threads before its time is over: each thread starts a
/// successor that continues with its packets. Here the threads stay, and swap their packets after
/// each round, so memory and threads are bounded: `threads * packets` packets are outstanding.
template <handoff_memory M>
class larson {
    using handle = typename M::handle;

public:
    static constexpr std::size_t packets = 5000;      // of a thread
    static constexpr std::size_t replacements = 5000; // in a round
    static constexpr std::size_t smallest = 20, largest = 1000;

    larson(double seconds, std::size_t threads) : run_(seconds, threads, threads)
    {
        for (std::size_t i = 0; i < threads; ++i) {
            memories_.emplace_back(
                extent{.packets = threads * packets + 1, .threads = threads, .owner = i + 1});
            held_.emplace_back(packets);
        }
        std::minstd_rand random;
        std::uniform_int_distribution<std::uint16_t> slot(0, packets - 1);
        std::uniform_int_distribution<std::uint16_t> size(smallest, largest);
        for (std::size_t i = 0; i < 16 * replacements; ++i) {
            choices_.push_back({.slot = slot(random), .size = size(random)});
        }
    }

    double ns_per_packet()
    {
        auto const threads = memories_.size();
        auto const next_round = [this]() noexcept { is_over_ = run_.is_over(); };
        std::barrier<decltype(next_round)> all(static_cast<std::ptrdiff_t>(threads), next_round);
        std::vector<std::function<void()>> work;
        for (std::size_t i = 0; i < threads; ++i) {
            work.emplace_back([&, i] {
                for (auto& p : held_[i]) {
                    p = memories_[i].acquire(largest);
                }
                for (std::size_t round = 0; !is_over_; ++round) {
                    replace(i, held_[(i + round) % threads], choices_at(i + round));
                    all.arrive_and_wait();
                }
            });
        }
        on_threads<M>(work);
        return run_.ns_per_packet();
    }

private:
    struct choice {
        std::uint16_t slot;
        std::uint16_t size;
    };

    [[nodiscard]] std::span<choice const> choices_at(std::size_t round) const
    {
        return std::span(choices_).subspan(round % 16 * replacements, replacements);
    }

    [[gnu::noinline]] void replace(std::size_t self, std::vector<handle>& held,
                                   std::span<choice const> choices)
    {
        auto& memory = memories_[self];
        for (auto const& [slot, size] : choices) {
            read_header(M::data(held[slot]));
            memory.release(std::move(held[slot]));
            held[slot] = memory.acquire(size);
            write_header(M::data(held[slot]), size);
        }
        run_.add(self, choices.size());
    }

    throughput run_;
    bool is_over_ = false; // changes while all threads wait
    std::deque<M> memories_;
    std::deque<std::vector<handle>> held_;
    std::vector<choice> choices_;
};

} // namespace bench
