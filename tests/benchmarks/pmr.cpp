// std::pmr::unsynchronized_pool_resource: one resource for all sizes. Its options name the largest
// block, so that it pools all of them.
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <new>

#include "workloads.hpp"

namespace {

struct alignas(16) packet {
    std::pmr::memory_resource* source;
    std::size_t bytes;
};

struct return_packet {
    void operator()(packet* p) const { p->source->deallocate(p, p->bytes, alignof(packet)); }
};

class pmr_pool {
public:
    using handle = std::unique_ptr<packet, return_packet>;

    explicit pmr_pool(std::size_t) {}

    handle acquire(std::size_t size)
    {
        std::size_t const bytes = sizeof(packet) + size;
        return handle(::new (resource_.allocate(bytes, alignof(packet))) packet{&resource_, bytes});
    }
    static void release(handle p) { p.reset(); }
    static std::byte* data(handle const& p) { return reinterpret_cast<std::byte*>(p.get() + 1); }
    static void decay() {}

private:
    std::pmr::unsynchronized_pool_resource resource_{
        {.max_blocks_per_chunk = 0,
         .largest_required_pool_block = sizeof(packet) + bench::capacities.back()}};
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run<pmr_pool>(argc, argv);
}
