// A threading policy has a default constructor.
#include <source_location>
#include <string_view>

import pktpool;

struct mine {
    explicit mine(int) {}
    int enter(std::string_view, std::source_location) { return 0; }
    void detach() noexcept {}
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, mine> pool;
