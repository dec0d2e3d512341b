// No pool: the same few buffers in turn. Measures the workload itself, which is part of every
// number.
#include <array>
#include <cstddef>
#include <memory>

#include "workloads.hpp"

namespace {

struct alignas(16) packet {
    std::array<std::byte, 16 + bench::capacities.back()> bytes;
};

struct nothing_to_do {
    void operator()(packet*) const {}
};

class empty_pool {
public:
    using handle = std::unique_ptr<packet, nothing_to_do>;

    explicit empty_pool(std::size_t) {}

    handle acquire(std::size_t) { return handle(&packets_[next_++ % packets_.size()]); }
    static void release(handle p) { p.reset(); }
    static std::byte* data(handle const& p) { return p->bytes.data() + 16; }
    static void decay() {}

private:
    std::array<packet, 8> packets_;
    std::size_t next_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run<empty_pool>(argc, argv);
}
