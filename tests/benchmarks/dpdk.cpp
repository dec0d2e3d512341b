// DPDK's rte_mempool with its per-core cache, one per bucket, on ordinary pages. One thread gets
// and puts, and the flags of the mempools say so.
#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>

#include <rte_errno.h>
#include <rte_mempool.h>

#include "dpdk_environment.hpp"
#include "workloads.hpp"

namespace {

class dpdk_fixed {
    // The largest cache; a mempool must hold at least 1.5 times as many objects.
    static constexpr std::size_t cache = RTE_MEMPOOL_CACHE_MAX_SIZE;

public:
    dpdk_fixed(std::size_t bytes, std::size_t most)
    {
        bench::start_environment();
        static int number = 0;
        std::size_t const objects = most + 2 * cache;
        pool_ = rte_mempool_create(("bucket" + std::to_string(number++)).c_str(),
                                   static_cast<unsigned>(objects), static_cast<unsigned>(bytes),
                                   cache, 0, nullptr, nullptr, nullptr, nullptr, SOCKET_ID_ANY,
                                   RTE_MEMPOOL_F_SP_PUT | RTE_MEMPOOL_F_SC_GET);
        if (pool_ == nullptr) {
            throw std::runtime_error(std::string("rte_mempool_create: ") + rte_strerror(rte_errno));
        }
    }
    dpdk_fixed(dpdk_fixed const&) = delete;
    dpdk_fixed& operator=(dpdk_fixed const&) = delete;
    ~dpdk_fixed() { rte_mempool_free(pool_); }

    void* allocate()
    {
        void* block = nullptr;
        if (rte_mempool_get(pool_, &block) < 0) [[unlikely]] {
            throw std::bad_alloc();
        }
        return block;
    }
    void deallocate(void* block) { rte_mempool_put(pool_, block); }

private:
    rte_mempool* pool_ = nullptr;
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run<bench::pool_per_bucket<dpdk_fixed>>(argc, argv);
}
