// Packets on their way from the owner of a pool to another thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>

/// A ring with one sender and one receiver. Nothing that the receiver does happens before what the
/// sender does next: only the pool's own way back orders the memory of packets, and ThreadSanitizer
/// sees whether it does.
template <class Handle>
class mailbox {
    using packet = typename Handle::element_type;
    using deleter = typename Handle::deleter_type;

public:
    /// Takes the packet if there is room; then the handle is null.
    void send(Handle& p)
    {
        auto& cell = cells_[sent_ % cells_.size()];
        if (p && cell.content.load(std::memory_order_relaxed) == nullptr) {
            cell.from.store(p.get_deleter(), std::memory_order_relaxed);
            cell.content.store(p.release(), std::memory_order_release);
            ++sent_;
        }
    }
    /// The next packet, or null.
    Handle receive()
    {
        auto& cell = cells_[received_ % cells_.size()];
        auto* const content = cell.content.load(std::memory_order_acquire);
        if (content == nullptr) {
            return nullptr;
        }
        Handle p(content, cell.from.load(std::memory_order_relaxed));
        cell.content.store(nullptr, std::memory_order_release); // read by a relaxed load only
        ++received_;
        return p;
    }

private:
    struct alignas(64) place {
        std::atomic<packet*> content{nullptr};
        std::atomic<deleter> from{deleter()};
    };

    std::array<place, 64> cells_;
    alignas(64) std::size_t sent_ = 0;
    alignas(64) std::size_t received_ = 0;
};
