// A program without the sanitizer, beside one that has it.
#include <utility>

import pktpool;

int main()
{
    pktpool::packet_pool pool;
    auto p = pool.acquire(100);
    auto* const packet = p.get();
    pool.release(std::move(p));
    p = pool.acquire(100);
    return p.get() == packet ? 0 : 1;
}
