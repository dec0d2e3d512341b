// Pools of one type: the operations of a script, and the values that it compares.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <source_location>
#include <span>
#include <string_view>
#include <vector>

#include "call_sites.hpp"
#include "counters.hpp"
#include "rules.hpp"
#include "script.hpp"

namespace fuzz {

/// The values of a packet, seen through its handle.
struct packet_view {
    std::byte* data = nullptr;
    void const* packet = nullptr; ///< null for a null handle
    std::size_t bucket = 0;       ///< 255 for an exact-size packet
    std::size_t allocated = 0;
    std::size_t size = 0;
    std::size_t header_size = 0;
    std::size_t headroom = 0; ///< 0 for packets without headroom and tailroom
    std::size_t tailroom = 0;
    std::size_t sequence = 0; ///< of the metadata; 0 in a new packet, as the flags
    std::size_t flags = 0;
};

/// `pool_count` pools that may not exist, and `slot_count` handles that may be null. An operation
/// throws the exceptions of the pool.
class subject {
public:
    subject() = default;
    subject(subject const&) = delete;
    subject& operator=(subject const&) = delete;
    virtual ~subject() = default;

    virtual void create(std::size_t pool, std::pmr::memory_resource& memory) = 0;
    virtual void destroy(std::size_t pool) = 0;
    virtual void move_construct(std::size_t to, std::size_t from) = 0;
    virtual void move_assign(std::size_t to, std::size_t from) = 0;
    virtual void acquire(std::size_t pool, std::size_t size, std::size_t slot,
                         std::source_location where) = 0;
    /// acquire<N>() with the size of that number.
    virtual void acquire_known(std::size_t pool, std::size_t number, std::size_t slot) = 0;
    virtual void acquire_batch(std::size_t pool, std::size_t size, std::size_t slot,
                               std::size_t count, std::source_location where) = 0;
    virtual void acquire_missing(std::size_t pool, std::size_t size, std::size_t slot,
                                 std::size_t count, std::source_location where) = 0;
    virtual void release(std::size_t pool, std::size_t slot) = 0;
    virtual void release_batch(std::size_t pool, std::size_t slot, std::size_t count) = 0;
    /// Returns whether the packet moved.
    virtual bool shrink(std::size_t pool, std::size_t slot, std::source_location where) = 0;
    virtual void drop(std::size_t slot) = 0;
    virtual void reserve(std::size_t pool, std::size_t size, std::size_t packets) = 0;
    virtual void decay(std::size_t pool) = 0;
    virtual void trim(std::size_t pool) = 0;
    virtual void detach(std::size_t pool) = 0;

    [[nodiscard]] virtual packet_view view(std::size_t slot) const = 0;
    /// Prepends, appends, trims, asks for the buffer or resets; returns the span that the packet
    /// returned.
    virtual std::span<std::byte> change(std::size_t slot, action how, std::size_t bytes) = 0;
    /// Sets every field of the header, and all flags of the metadata to 1.
    virtual void fill(std::size_t slot, std::size_t size, std::size_t header_size,
                      std::size_t sequence) = 0;
    /// The idle packets of each bucket, and last of all buckets.
    virtual void idle(std::size_t pool, std::span<amount> into) const = 0;
    /// The statistics of the pool; empty without `counted`.
    [[nodiscard]] virtual counted_rows counted(std::size_t pool) const = 0;
    /// The statistics since the last call.
    [[nodiscard]] virtual counted_rows counted_since(std::size_t pool) = 0;
    /// The packets with a recorded call site, in the order of the pool.
    [[nodiscard]] virtual std::vector<call_site_packets> recorded(std::size_t pool) const = 0;
};

/// A combination of policies.
struct combination {
    std::string_view name;
    fuzz::rules rules;
    std::array<std::size_t, 2> known_sizes; ///< of acquire_known
    std::unique_ptr<subject> (*make)();
    bool is_instrumented; ///< libFuzzer follows its branches
};

/// All combinations, in the order in which they were added.
std::vector<combination const*>& combinations();

} // namespace fuzz
