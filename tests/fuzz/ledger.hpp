// The memory that pools are given: counted, and refused on demand.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <memory_resource>
#include <new>
#include <stdexcept>

#include "allocations.hpp"
#include "own_metadata.hpp"
#include "rules.hpp"

namespace fuzz {

/// How an operation ended.
enum class outcome { done, no_memory, no_metadata, too_large };

/// A resource on top of the heap that knows what is out.
class counting_resource final : public std::pmr::memory_resource {
public:
    [[nodiscard]] amount live() const { return live_; }

private:
    void* do_allocate(std::size_t bytes, std::size_t) override
    {
        void* const memory = ::operator new(bytes);
        ++live_.count;
        live_.bytes += bytes;
        return memory;
    }
    void do_deallocate(void* memory, std::size_t bytes, std::size_t) override
    {
        --live_.count;
        live_.bytes -= bytes;
        ::operator delete(memory);
    }
    [[nodiscard]] bool do_is_equal(memory_resource const& other) const noexcept override
    {
        return this == &other;
    }

    amount live_;
};

/// Books what operations of pools take and give back; its own users' memory is not in it.
class ledger {
public:
    static constexpr auto never = std::numeric_limits<std::size_t>::max();

    ledger() = default;
    ledger(ledger const&) = delete;
    ledger& operator=(ledger const&) = delete;
    ~ledger() { own_metadata::successes_left = own_metadata::never; }

    [[nodiscard]] counting_resource& resource(std::size_t index) { return resources_.at(index); }
    [[nodiscard]] counting_resource const& resource(std::size_t index) const
    {
        return resources_.at(index);
    }

    /// So many more allocations succeed.
    void fail_memory_after(std::size_t successes) { successes_left_ = successes; }
    static void fail_metadata_after(std::size_t successes)
    {
        own_metadata::successes_left = successes;
    }
    void recover()
    {
        successes_left_ = never;
        own_metadata::successes_left = own_metadata::never;
    }

    /// Calls it with the memory that is left.
    template <class Call>
    outcome run(Call const& call);

    /// What the last call did.
    [[nodiscard]] std::size_t allocations() const { return allocations_; }
    [[nodiscard]] std::size_t refused_memory() const { return refused_memory_; }
    [[nodiscard]] std::size_t refused_metadata() const { return refused_metadata_; }

    /// Packets that a heap_source gave, and all other blocks.
    [[nodiscard]] amount heap_packets() const { return heap_packets_; }
    [[nodiscard]] std::size_t other_blocks() const
    {
        return blocks_ - heap_packets_.count - resources_[0].live().count -
               resources_[1].live().count;
    }

private:
    std::array<counting_resource, 2> resources_;
    std::size_t successes_left_ = never;
    std::size_t allocations_ = 0;
    std::size_t refused_memory_ = 0;
    std::size_t refused_metadata_ = 0;
    std::size_t blocks_ = 0;
    amount heap_packets_;
};

template <class Call>
outcome ledger::run(Call const& call)
{
    auto const live = live_allocations();
    auto const count = allocation_count();
    auto const refused = refused_allocations();
    auto const mallocs = live_mallocs();
    auto const bytes = malloced_bytes();
    auto const metadata = own_metadata::refused;
    auto result = outcome::done;
    {
        failing_heap const heap(successes_left_);
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
    // All that the exception held is gone, too.
    blocks_ += live_allocations() - live;
    heap_packets_.count += live_mallocs() - mallocs;
    heap_packets_.bytes += malloced_bytes() - bytes;
    allocations_ = allocation_count() - count;
    refused_memory_ = refused_allocations() - refused;
    refused_metadata_ = own_metadata::refused - metadata;
    successes_left_ -= successes_left_ == never ? 0 : allocations_;
    return result;
}

} // namespace fuzz
