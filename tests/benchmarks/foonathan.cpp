// foonathan memory's memory_pool of node_pool type, its fastest one, one per bucket.
#include <cstddef>
#include <utility>

#include <foonathan/memory/memory_pool.hpp>

#include "workloads.hpp"

namespace {

namespace memory = foonathan::memory;

class foonathan_fixed {
    using node_pool = memory::memory_pool<memory::node_pool>;
    static constexpr std::size_t nodes_in_a_block = 32;

public:
    foonathan_fixed(std::size_t bytes, std::size_t)
        : pool_(bytes, node_pool::min_block_size(bytes, nodes_in_a_block))
    {
    }

    void* allocate() { return pool_.allocate_node(); }
    void deallocate(void* block) { pool_.deallocate_node(block); }

private:
    node_pool pool_;
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run<bench::pool_per_bucket<foonathan_fixed>>(argc, argv);
}
