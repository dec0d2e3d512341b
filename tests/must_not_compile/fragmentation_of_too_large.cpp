// A size that acquire() would refuse.
#include <cstddef>
#include <memory>

import pktpool;

auto const waste = pktpool::fragmentation_of<pktpool::libtorrent_buckets>({20, 65536});
