// An MTU is at least as large as the headers of IP and UDP.
#include <cstddef>
#include <memory>

import pktpool;

auto const payload = pktpool::udp_payload(20, pktpool::ip::v4);
