// The program of a project that finds an installed pktpool: CMakeLists.txt beside it says how.
#include <iostream>
#include <utility>

import pktpool;

int main()
{
    pktpool::packet_pool pool;
    pktpool::packet_ptr packet = pool.acquire(512);
    std::cout << "asked for 512 bytes, got room for " << packet->allocated << '\n';
    pool.release(std::move(packet));
}
