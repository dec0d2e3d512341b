// The wrapper for pools of one packet size that get and put blocks in bulk.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "memory.hpp"

namespace bench {

/// The header of a block. The pool writes it once, because it does not touch idle blocks.
template <class Pool>
struct alignas(16) block_of {
    Pool* pool;
};

template <class Pool>
concept bulk_pool = std::constructible_from<Pool, std::size_t, extent> &&
                    requires(Pool pool, std::span<block_of<Pool>*> blocks) {
                        pool.get(blocks);
                        pool.put(blocks);
                    };

/// A pool per capacity, and handles of 8 bytes.
template <class Pool>
class per_bucket {
    using block = block_of<Pool>;
    struct return_block {
        void operator()(block* p) const { p->pool->put(std::span(&p, 1)); }
    };

public:
    using handle = std::unique_ptr<block, return_block>;
    using membership = typename Pool::membership;
    static constexpr bool keeps_order = Pool::keeps_order;

    explicit per_bucket(extent const& of)
        requires bulk_pool<Pool>
        : pools_{Pool(sizeof(block) + handoff_capacities[0], of),
                 Pool(sizeof(block) + handoff_capacities[1], of),
                 Pool(sizeof(block) + handoff_capacities[2], of),
                 Pool(sizeof(block) + handoff_capacities[3], of)}
    {
    }

    handle acquire(std::size_t size)
    {
        block* taken = nullptr;
        pools_[bucket_index(size)].get(std::span(&taken, 1));
        return handle(taken);
    }
    void acquire(std::size_t size, std::span<handle> batch)
    {
        std::array<block*, most_in_batch> blocks;
        std::span const taken(blocks.data(), batch.size());
        pools_[bucket_index(size)].get(taken);
        for (std::size_t i = 0; i < batch.size(); ++i) {
            batch[i].reset(taken[i]);
        }
    }
    static void release(handle p) { p.reset(); }
    /// One put for neighbours of the same pool.
    static void release(std::span<handle> batch)
    {
        std::array<block*, most_in_batch> blocks;
        std::size_t count = 0;
        for (auto& p : batch) {
            if (count > 0 && p->pool != blocks[0]->pool) {
                blocks[0]->pool->put(std::span(blocks.data(), count));
                count = 0;
            }
            blocks[count++] = p.release();
        }
        if (count > 0) {
            blocks[0]->pool->put(std::span(blocks.data(), count));
        }
    }
    static std::byte* data(handle const& p) { return reinterpret_cast<std::byte*>(p.get() + 1); }

private:
    /// The smallest capacity >= `size`, without a branch.
    static constexpr std::size_t bucket_index(std::size_t size)
    {
        std::size_t index = 0;
        for (std::size_t i = 0; i + 1 < handoff_capacities.size(); ++i) {
            index += std::size_t{size > handoff_capacities[i]};
        }
        return index;
    }

    std::array<Pool, handoff_capacities.size()> pools_;
};

} // namespace bench
