// Producers, proxies and consumers, after the description of snmalloc's msgpass: a producer sends
// batches of random length to consumers and proxies, a proxy hands them on to consumers, and a
// consumer releases them.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <random>
#include <span>
#include <vector>

#include "pipe.hpp"

namespace bench {

struct message_passing {
    std::size_t size = handoff_capacities.back();
    std::size_t producers = 1; ///< each has a memory of its own
    std::size_t proxies = 1;
    std::size_t consumers = 1;
    std::size_t under_way = 4096; ///< places in all rings together
    std::size_t most_in_batch = 16;
};

/// The threads, and a ring from each to each that it sends to.
template <handoff_memory M>
class exchange {
    using handle = typename M::handle;

public:
    exchange(double seconds, message_passing const& shape)
        : shape_(shape), run_(seconds, threads(), shape.producers)
    {
        auto const direct = shape.producers * receivers();
        auto const places = shape.under_way / (direct + shape.proxies * shape.consumers);
        auto const at_hand = 2 * shape.most_in_batch * threads();
        for (std::size_t i = 0; i < shape.producers; ++i) {
            memories_.emplace_back(
                extent{.packets = shape.under_way + at_hand, .threads = threads(), .owner = i + 1});
        }
        for (std::size_t i = 0; i < shape.producers + shape.proxies; ++i) {
            auto& own = links_.emplace_back();
            for (std::size_t to = 0; to < receivers(); ++to) {
                own.emplace_back(places);
            }
        }
    }

    double ns_per_packet()
    {
        std::vector<std::function<void()>> work;
        for (std::size_t i = 0; i < shape_.producers; ++i) {
            work.emplace_back([this, i] { produce(i); });
        }
        for (std::size_t i = 0; i < shape_.consumers; ++i) {
            work.emplace_back([this, i] { consume(i); });
        }
        for (std::size_t i = 0; i < shape_.proxies; ++i) {
            work.emplace_back([this, i] { forward(i); });
        }
        on_threads<M>(work);
        return run_.ns_per_packet();
    }

private:
    [[nodiscard]] std::size_t receivers() const { return shape_.consumers + shape_.proxies; }
    [[nodiscard]] std::size_t threads() const { return shape_.producers + receivers(); }

    void produce(std::size_t self)
    {
        std::minstd_rand random(static_cast<unsigned>(self + 1));
        std::uniform_int_distribution<std::size_t> length(1, shape_.most_in_batch);
        std::uniform_int_distribution<std::size_t> target(0, receivers() - 1);
        std::vector<handle> all(shape_.most_in_batch);
        while (!run_.is_over()) {
            std::span const batch(all.data(), length(random));
            memories_[self].acquire(shape_.size, batch);
            for (auto const& p : batch) {
                write_header(M::data(p), shape_.size);
            }
            links_[self][target(random)].push(batch, run_);
            run_.add(self, batch.size());
        }
    }
    void forward(std::size_t self)
    {
        std::minstd_rand random(static_cast<unsigned>(self + 1));
        std::uniform_int_distribution<std::size_t> target(0, shape_.consumers - 1);
        receive(shape_.producers, shape_.consumers + self, [&](std::span<handle> batch) {
            links_[shape_.producers + self][target(random)].push(batch, run_);
        });
    }
    void consume(std::size_t self)
    {
        receive(links_.size(), self, [&](std::span<handle> batch) {
            for (auto const& p : batch) {
                read_header(M::data(p));
            }
            memories_.front().release(batch);
        });
    }
    /// Looks into the rings from the first `senders` threads in turn.
    template <class F>
    void receive(std::size_t senders, std::size_t self, F&& handle_batch)
    {
        std::vector<handle> all(shape_.most_in_batch);
        for (patience patience; !run_.is_over();) {
            bool any = false;
            for (std::size_t from = 0; from < senders; ++from) {
                std::span const batch(all.data(), links_[from][self].pop(all));
                if (!batch.empty()) {
                    handle_batch(batch);
                    any = true;
                }
            }
            if (!any) {
                patience.wait();
            }
        }
    }

    message_passing shape_;
    throughput run_;
    std::deque<M> memories_;
    std::deque<std::deque<link<handle>>> links_; // [sender][receiver], consumers first
};

} // namespace bench
