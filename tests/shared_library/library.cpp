// A shared library that contains a copy of pktpool.
#include <memory>

import pktpool;

#include "library.hpp"

checked_pool& pool_of_library()
{
    static checked_pool pool;
    return pool;
}

void use_in_library(checked_pool& pool, int times)
{
    use(pool, times);
}

void use_in_library(unchecked_pool& pool, int times)
{
    use(pool, times);
}
