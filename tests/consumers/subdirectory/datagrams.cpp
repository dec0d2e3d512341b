#include "datagrams.hpp"

std::size_t datagrams::capacity_for(std::size_t bytes)
{
    return pool_.acquire(bytes)->allocated;
}
