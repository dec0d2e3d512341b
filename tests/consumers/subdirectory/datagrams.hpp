#pragma once

#include <cstddef>
#include <memory>

import pktpool;

class datagrams {
public:
    std::size_t capacity_for(std::size_t bytes);

private:
    pktpool::packet_pool pool_;
};
