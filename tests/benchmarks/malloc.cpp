// malloc and free. The same program is measured with the allocator of the C library and with others
// preloaded.
#include "malloc_pool.hpp"
#include "workloads.hpp"

int main(int argc, char** argv)
{
    return bench::run<bench::malloc_pool>(argc, argv);
}
