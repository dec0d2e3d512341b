// A bounded ring of handles, from one thread to one other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <boost/lockfree/spsc_queue.hpp>

#include "memory.hpp"
#include "throughput.hpp"
#include "wait.hpp"

namespace bench {

template <class Handle>
class link {
    /// A handle taken apart: the elements of the queue have to be copyable.
    struct in_transit {
        typename Handle::pointer packet;
        [[no_unique_address]] typename Handle::deleter_type deleter;
    };

public:
    explicit link(std::size_t places) : ring_(places), sent_(most_in_batch), come_(most_in_batch) {}
    link(link const&) = delete;
    link& operator=(link const&) = delete;
    ~link()
    {
        ring_.consume_all([](in_transit& each) { Handle(each.packet, each.deleter).reset(); });
    }

    /// Hands all of the batch on, and waits while the ring is full. At the end of the run some
    /// handles may stay in the batch.
    void push(std::span<Handle> batch, throughput const& run)
    {
        patience patience;
        for (batch = batch.subspan(try_push(batch)); !batch.empty() && !run.is_over();
             batch = batch.subspan(try_push(batch))) {
            patience.wait();
        }
    }
    /// The first handles of the ring, at most `into.size()`, go to the front of `into`. Returns how
    /// many.
    std::size_t pop(std::span<Handle> into)
    {
        auto const count = ring_.pop(come_.data(), into.size());
        for (std::size_t i = 0; i < count; ++i) {
            into[i] = Handle(come_[i].packet, come_[i].deleter);
        }
        return count;
    }

private:
    /// Hands on as many as there is place for. Returns how many.
    std::size_t try_push(std::span<Handle> batch)
    {
        auto const count = std::min(ring_.write_available(), batch.size());
        for (std::size_t i = 0; i < count; ++i) {
            auto const deleter = batch[i].get_deleter();
            sent_[i] = {batch[i].release(), deleter};
        }
        return ring_.push(sent_.data(), count);
    }

    boost::lockfree::spsc_queue<in_transit> ring_;
    // Each is used by one side only.
    std::vector<in_transit> sent_;
    std::vector<in_transit> come_;
};

} // namespace bench
