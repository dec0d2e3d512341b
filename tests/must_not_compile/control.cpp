// Compiles: the other programs fail because of their mistake, not because of this test.
#include <array>
#include <utility>

import pktpool;

struct mine {
    static constexpr std::array buckets{
        pktpool::bucket{.size = 128, .limit = 64},
        pktpool::bucket{.size = 1252},
    };
};

int main()
{
    pktpool::basic_packet_pool<mine> pool;
    auto p = pool.acquire<1200>();
    pool.release(std::move(p));
}
