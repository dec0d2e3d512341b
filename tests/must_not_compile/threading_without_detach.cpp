// A threading policy has detach().
#include <source_location>
#include <string_view>

import pktpool;

struct mine {
    int enter(std::string_view, std::source_location) { return 0; }
};

pktpool::basic_packet_pool<pktpool::libtorrent_buckets, mine> pool;
