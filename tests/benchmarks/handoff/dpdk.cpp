// DPDK's rte_mempool with a cache per thread, one per bucket, on ordinary pages.
#include <cstddef>
#include <new>
#include <span>
#include <stdexcept>
#include <string>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include "../dpdk_environment.hpp"
#include "per_bucket.hpp"
#include "run.hpp"

namespace {

class dpdk_pool {
    using block = bench::block_of<dpdk_pool>;

public:
    /// Only a thread with a number of the library has a cache.
    struct membership {
        membership()
        {
            bench::start_environment();
            if (rte_thread_register() < 0) {
                throw std::runtime_error(std::string("rte_thread_register: ") +
                                         rte_strerror(rte_errno));
            }
        }
        membership(membership const&) = delete;
        membership& operator=(membership const&) = delete;
        ~membership() { rte_thread_unregister(); }
    };
    static constexpr bool keeps_order = false;

    dpdk_pool(std::size_t bytes, bench::extent const& of)
    {
        bench::start_environment();
        static int number = 0;
        // A put that finds half more than `cache` objects in the cache empties it.
        constexpr std::size_t cache = RTE_MEMPOOL_CACHE_MAX_SIZE;
        auto const objects = of.packets + (of.threads + 1) * (cache + cache / 2);
        pool_ =
            rte_mempool_create(("bucket" + std::to_string(number++)).c_str(),
                               static_cast<unsigned>(objects), static_cast<unsigned>(bytes), cache,
                               0, nullptr, nullptr, write_header, this, SOCKET_ID_ANY, 0);
        if (pool_ == nullptr) {
            throw std::runtime_error(std::string("rte_mempool_create: ") + rte_strerror(rte_errno));
        }
    }
    dpdk_pool(dpdk_pool const&) = delete;
    dpdk_pool& operator=(dpdk_pool const&) = delete;
    ~dpdk_pool() { rte_mempool_free(pool_); }

    void get(std::span<block*> into)
    {
        if (rte_mempool_get_bulk(pool_, reinterpret_cast<void**>(into.data()),
                                 static_cast<unsigned>(into.size())) < 0) [[unlikely]] {
            throw std::bad_alloc();
        }
    }
    void put(std::span<block*> from)
    {
        rte_mempool_put_bulk(pool_, reinterpret_cast<void**>(from.data()),
                             static_cast<unsigned>(from.size()));
    }

private:
    static void write_header(rte_mempool*, void* self, void* object, unsigned)
    {
        ::new (object) block{static_cast<dpdk_pool*>(self)};
    }

    rte_mempool* pool_ = nullptr;
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run_handoff<bench::per_bucket<dpdk_pool>>(argc, argv);
}
