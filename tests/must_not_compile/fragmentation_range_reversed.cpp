// The smaller size is the first argument.
#include <cstddef>
#include <memory>

import pktpool;

auto const bytes = pktpool::worst_fragmentation<pktpool::libtorrent_buckets>(1472, 20);
