// Operations on pools, read from bytes: any bytes are a script.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rules.hpp"

namespace fuzz {

/// Bytes in front of a script: they choose the combination of policies.
inline constexpr std::size_t script_head = 2;

enum class action : std::uint8_t {
    acquire,
    acquire_known, ///< acquire<N>(): `size` is the number of the size, see subject
    acquire_batch,
    acquire_missing, ///< the null handles of a batch
    release,
    release_batch,
    drop,
    decay,
    trim,
    reserve,
    move_construct,
    move_assign,
    destroy,
    detach,
    fail_memory,   ///< from the `count`-th allocation on
    fail_metadata, ///< from the `count`-th construction on
    recover,
    shrink,  ///< a packet with at most `size` used bytes
    prepend, ///< `count` bytes, or as many as possible; the same for the next three
    append,
    trim_start,
    trim_end,
    buffer,
    reset,    ///< the header of a packet
    remember, ///< takes a snapshot of the statistics
};

struct operation {
    action what = action::detach;
    std::size_t pool = 0;
    std::size_t other = 0; ///< the moved-from pool
    std::size_t slot = 0;
    std::size_t count = 0;
    std::size_t size = 0;
    std::size_t thread = 0; ///< that gives packets back; with single_owner
    bool exactly = false;   ///< this slot; else the first suitable one from there on
};

std::string to_string(operation const& of);

/// Reads one operation after the other. Sizes are often at the edge of a bucket.
class script {
public:
    script(std::span<std::uint8_t const> bytes, rules const& of);

    std::optional<operation> next();

private:
    std::uint8_t byte();
    std::size_t size();
    std::size_t packets(std::size_t capacity);
    std::size_t bytes();

    std::span<std::uint8_t const> rest_;
    rules const& rules_;
    std::vector<std::size_t> edges_;
};

} // namespace fuzz
