// A packet without room has no headroom to ask for.
#include <memory>

import pktpool;

auto const left = pktpool::packet_pool().acquire(20)->headroom();
