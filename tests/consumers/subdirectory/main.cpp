#include "datagrams.hpp"

int main()
{
    return datagrams().capacity_for(512) == 548 ? 0 : 1;
}
