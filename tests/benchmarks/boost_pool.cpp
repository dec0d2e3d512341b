// boost::pool, one per bucket, unordered: its fastest use.
#include <cstddef>

#include <boost/pool/pool.hpp>

#include "workloads.hpp"

namespace {

class boost_fixed {
public:
    boost_fixed(std::size_t bytes, std::size_t) : pool_(bytes) {}

    void* allocate() { return pool_.malloc(); }
    void deallocate(void* block) { pool_.free(block); }

private:
    boost::pool<> pool_;
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run<bench::pool_per_bucket<boost_fixed>>(argc, argv);
}
