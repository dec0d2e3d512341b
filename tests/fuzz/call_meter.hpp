// Measures what a call of a pool does, with memory that fails on demand.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory_resource>
#include <new>
#include <stdexcept>

#include "allocations.hpp"
#include "checked_lock.hpp"
#include "packet_log.hpp"
#include "payload.hpp"
#include "rules.hpp"
#include "watched_metadata.hpp"

namespace fuzz {

/// How a call ended.
enum class outcome { done, no_memory, no_metadata, too_large };

/// The packets of the call that is measured.
inline packet_log packets_of_call;

/// A resource on top of the heap that counts live blocks. New memory is never zero.
class counting_resource final : public std::pmr::memory_resource {
public:
    [[nodiscard]] amount live() const { return live_; }
    /// So far: freed blocks that were not all zero, and calls without a lock.
    [[nodiscard]] std::size_t uncleared() const { return uncleared_; }
    [[nodiscard]] std::size_t calls_without_lock() const { return calls_without_lock_; }

private:
    void* do_allocate(std::size_t bytes, std::size_t) override
    {
        calls_without_lock_ += checked_lock::held_locks == 0 ? 1 : 0;
        void* const memory = ::operator new(bytes);
        constexpr std::size_t header = 64;
        std::memset(memory, 0xa5, std::min(bytes, header));
        ++live_.count;
        live_.bytes += bytes;
        packets_of_call.made(memory);
        return memory;
    }
    void do_deallocate(void* memory, std::size_t bytes, std::size_t) override
    {
        calls_without_lock_ += checked_lock::held_locks == 0 ? 1 : 0;
        uncleared_ += is_filled(memory, bytes, std::byte{0}) ? 0 : 1;
        --live_.count;
        live_.bytes -= bytes;
        packets_of_call.freed(memory);
        ::operator delete(memory);
    }
    [[nodiscard]] bool do_is_equal(memory_resource const& other) const noexcept override
    {
        return this == &other;
    }

    amount live_;
    std::size_t uncleared_ = 0;
    std::size_t calls_without_lock_ = 0;
};

/// Adds the packets of a heap_source to those of the call, as long as it lives.
class heap_observer final : private malloc_observer {
public:
    heap_observer() { observe_mallocs(this); }
    heap_observer(heap_observer const&) = delete;
    heap_observer& operator=(heap_observer const&) = delete;
    ~heap_observer() { observe_mallocs(nullptr); }

private:
    void allocated(void const* block) override { packets_of_call.made(block); }
    void freed(void const* block) override { packets_of_call.freed(block); }
};

/// The effects of one call.
struct effects {
    std::size_t allocations = 0;
    std::size_t refused_memory = 0;
    std::size_t refused_metadata = 0;
    std::size_t constructed_metadata = 0;
    std::size_t moved_metadata = 0;       ///< or copied
    std::size_t destroyed_under_lock = 0; ///< metadata
    std::size_t entries = 0;              ///< calls of checked_lock::enter
    std::size_t source_calls_without_lock = 0;
    std::size_t uncleared = 0; ///< freed blocks that were not all zero
};

/// Measures the calls of pools; other memory is not counted.
class call_meter {
public:
    static constexpr auto never = std::numeric_limits<std::size_t>::max();

    call_meter() { recover(); }
    call_meter(call_meter const&) = delete;
    call_meter& operator=(call_meter const&) = delete;
    ~call_meter() { recover(); }

    [[nodiscard]] counting_resource& resource(std::size_t index) { return resources_.at(index); }
    [[nodiscard]] counting_resource const& resource(std::size_t index) const
    {
        return resources_.at(index);
    }

    /// That many more allocations succeed.
    void fail_memory_after(std::size_t successes) { successes_left_ = successes; }
    static void fail_metadata_after(std::size_t successes) { watched.successes_left = successes; }
    void recover()
    {
        successes_left_ = never;
        watched.successes_left = metadata_counts::never;
    }

    /// Calls `call` with the memory that is left.
    template <class Call>
    outcome run(Call const& call);

    /// The effects of the last call.
    [[nodiscard]] effects const& last() const { return last_; }

    /// Packets of a heap_source, and all other blocks.
    [[nodiscard]] amount heap_packets() const { return heap_packets_; }
    [[nodiscard]] std::size_t other_blocks() const
    {
        return blocks_ - heap_packets_.count - resources_[0].live().count -
               resources_[1].live().count;
    }

private:
    /// All effects so far.
    [[nodiscard]] effects so_far() const
    {
        return {.allocations = allocation_count(),
                .refused_memory = refused_allocations(),
                .refused_metadata = watched.refused,
                .constructed_metadata = watched.constructed,
                .moved_metadata = watched.moved,
                .destroyed_under_lock = watched.destroyed_under_lock,
                .entries = checked_lock::entries,
                .source_calls_without_lock =
                    resources_[0].calls_without_lock() + resources_[1].calls_without_lock(),
                .uncleared = resources_[0].uncleared() + resources_[1].uncleared()};
    }

    std::array<counting_resource, 2> resources_;
    std::size_t successes_left_ = never;
    effects last_;
    std::size_t blocks_ = 0;
    amount heap_packets_;
};

template <class Call>
outcome call_meter::run(Call const& call)
{
    auto const live = live_allocations();
    auto const mallocs = live_mallocs();
    auto const bytes = malloced_bytes();
    auto const before = so_far();
    auto result = outcome::done;
    packets_of_call.clear();
    {
        failing_heap const heap(successes_left_);
        heap_observer const observer;
        try {
            call();
        } catch (std::bad_alloc const&) {
            result = outcome::no_memory;
        } catch (std::length_error const&) {
            result = outcome::too_large;
        } catch (no_metadata const&) {
            result = outcome::no_metadata;
        }
    }
    // The exception and its memory no longer exist.
    blocks_ += live_allocations() - live;
    heap_packets_.count += live_mallocs() - mallocs;
    heap_packets_.bytes += malloced_bytes() - bytes;
    last_ = so_far();
    for (auto const field :
         {&effects::allocations, &effects::refused_memory, &effects::refused_metadata,
          &effects::constructed_metadata, &effects::moved_metadata, &effects::destroyed_under_lock,
          &effects::entries, &effects::source_calls_without_lock, &effects::uncleared}) {
        last_.*field -= before.*field;
    }
    successes_left_ -= successes_left_ == never ? 0 : last_.allocations;
    return result;
}

} // namespace fuzz
