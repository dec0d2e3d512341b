// What several threads hand to one.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <utility>

#include <gsl/assert>
#include <readerwriterqueue/atomicops.h>
#include <readerwriterqueue/readerwritercircularbuffer.h>

namespace pipeline {

/// A bounded queue from each sender, and one semaphore that counts the items of all. Nothing
/// allocates after the constructor. Items that nobody took are destroyed with the inbox.
template <class T>
class inbox {
public:
    inbox(std::size_t senders, std::size_t capacity)
    {
        for (std::size_t i = 0; i < senders; ++i) {
            queues_.emplace_back(capacity);
        }
    }

    /// Moves the item into the queue of this sender, and returns whether there was room. Never
    /// waits. One thread per sender.
    [[nodiscard]] bool push(std::size_t sender, T&& item)
    {
        Expects(sender < queues_.size());
        if (!queues_[sender].try_enqueue(std::move(item))) {
            return false;
        }
        signals_.signal();
        return true;
    }

    /// A sender calls it once, after its last item. Never waits.
    void end() { signals_.signal(); }

    /// Waits for an item, takes what is there, and returns its number, 0 when all senders have
    /// ended. The items of a sender keep their order. Only the receiver calls it.
    [[nodiscard]] std::size_t take(std::span<T> to)
    {
        std::size_t taken = 0;
        while (taken < to.size() && ended_ < queues_.size() &&
               (taken == 0 ? signals_.wait() : signals_.tryWait())) {
            // There are as many signals as items and ends. So one that comes without an item is an
            // end, and after all ends no item is left.
            (pop(to[taken]) ? taken : ended_) += 1;
        }
        return taken;
    }

private:
    /// Begins behind the queue that was last, so that none waits for the others to be empty.
    [[nodiscard]] bool pop(T& item)
    {
        for (std::size_t i = 0; i < queues_.size(); ++i) {
            last_ = (last_ + 1) % queues_.size();
            if (queues_[last_].try_dequeue(item)) {
                return true;
            }
        }
        return false;
    }

    std::deque<moodycamel::BlockingReaderWriterCircularBuffer<T>> queues_;
    moodycamel::spsc_sema::LightweightSemaphore signals_;
    std::size_t last_ = 0;
    std::size_t ended_ = 0;
};

} // namespace pipeline
