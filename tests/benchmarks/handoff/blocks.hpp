// Memory for a fixed number of packets, for the baselines.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "memory.hpp"
#include "per_bucket.hpp"

namespace bench {

/// Packets of one size, side by side as malloc would place them.
template <class Pool>
class fixed_blocks {
    using block = block_of<Pool>;

public:
    fixed_blocks(std::size_t bytes, std::size_t count)
        : stride_((bytes + alignof(block) - 1) / alignof(block) * alignof(block)), count_(count),
          bytes_(std::make_unique_for_overwrite<std::byte[]>(stride_ * count))
    {
    }

    [[nodiscard]] std::size_t count() const { return count_; }
    /// Contract: `i < count()`.
    [[nodiscard]] block* make(std::size_t i, Pool& pool)
    {
        return ::new (&bytes_[i * stride_]) block{&pool};
    }
    [[nodiscard]] block* at(std::size_t i)
    {
        return std::launder(reinterpret_cast<block*>(&bytes_[i * stride_]));
    }

private:
    std::size_t stride_;
    std::size_t count_;
    std::unique_ptr<std::byte[]> bytes_; // make_unique aligns to 16
};

} // namespace bench
