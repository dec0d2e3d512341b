// Edge cases: no bytes, the largest size, null handles, handles that outlive their pool.
#include <cstdio>
#include <optional>
#include <utility>

import pktpool;

int main()
{
    std::optional<pktpool::packet_pool> pool(std::in_place);

    auto nothing = pool->acquire(0); // a packet of the smallest bucket
    std::printf("acquire(0): %u bytes\n", nothing->allocated);

    auto largest = pool->acquire(65'535); // above the largest bucket: exactly this size,
    std::printf("acquire(65535): %u bytes\n", largest->allocated);
    pool->release(std::move(largest)); // and freed on release: no slab keeps such packets
    std::printf("idle after its release: %zu\n", pool->idle().count);

    pool->release(nullptr); // a null handle is harmless

    auto known = pool->acquire<1200>(); // the compiler looks up the bucket
    std::printf("acquire<1200>(): %u bytes\n", known->allocated);

    // A moved-from pool is empty and usable.
    pool->release(std::move(known));
    pktpool::packet_pool const other = std::move(*pool);
    std::printf("after the move: %zu idle there, %zu here\n", other.idle().count,
                pool->idle().count);

    // A handle may outlive its pool: it then frees its packet.
    pool.reset();
    nothing->size = 20;
    std::printf("outlived its pool: %zu bytes in use\n", nothing->used().size());
}
