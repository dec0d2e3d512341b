// headroom() exists only with headroom or tailroom.
#include <memory>

import pktpool;

auto const left = pktpool::packet_pool().acquire(20)->headroom();
