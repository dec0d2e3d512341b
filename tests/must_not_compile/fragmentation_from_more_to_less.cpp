// The least size comes first.
#include <cstddef>
#include <memory>

import pktpool;

auto const waste = pktpool::worst_fragmentation<pktpool::libtorrent_buckets>(1472, 20);
