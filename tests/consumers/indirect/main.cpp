#include <cstdio>

#include <datagrams.hpp>

int main()
{
    pktpool::packet_pool pool;
    std::size_t const capacity = pool.acquire(datagrams().capacity_for(512))->allocated;
    std::printf("%zu\n", capacity);
    return capacity == 548 ? 0 : 1;
}
