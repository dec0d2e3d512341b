// An MTU holds the headers of IP and UDP at least.
#include <cstddef>
#include <memory>

import pktpool;

auto const payload = pktpool::udp_payload(20, pktpool::ip::v4);
