// A size has at most 65535 bytes, as in acquire().
#include <cstddef>
#include <memory>

import pktpool;

auto const bytes = pktpool::fragmentation_of<pktpool::libtorrent_buckets>({20, 65536});
