// The floor: the minimum of a pool whose handles return packets. An intrusive list per bucket,
// without a bound, a check or a reset. The header of a packet has a pointer to its list, so that a
// handle takes 8 bytes; the link of the list replaces metadata, which an idle packet does not need.
#include <array>
#include <cstddef>
#include <memory>
#include <new>

#include "workloads.hpp"

namespace {

struct free_list;

struct alignas(16) packet {
    free_list* list;
    packet* next;
};
static_assert(sizeof(packet) == 16);

struct free_list {
    std::size_t bytes = 0;
    packet* top = nullptr;

    packet* pop()
    {
        if (top == nullptr) [[unlikely]] {
            return ::new (::operator new(bytes)) packet{this, nullptr};
        }
        packet* const newest = top;
        top = newest->next;
        return newest;
    }
    void push(packet* p)
    {
        p->next = top;
        top = p;
    }
};

struct return_packet {
    void operator()(packet* p) const { p->list->push(p); }
};

class floor_pool {
public:
    using handle = std::unique_ptr<packet, return_packet>;

    explicit floor_pool(std::size_t)
    {
        for (std::size_t i = 0; i < lists_.size(); ++i) {
            lists_[i].bytes = sizeof(packet) + bench::capacities[i];
        }
    }
    floor_pool(floor_pool const&) = delete;
    floor_pool& operator=(floor_pool const&) = delete;
    ~floor_pool()
    {
        for (auto& each : lists_) {
            while (each.top != nullptr) {
                ::operator delete(each.pop());
            }
        }
    }

    handle acquire(std::size_t size) { return handle(lists_[bench::bucket_index(size)].pop()); }
    static void release(handle p) { p.reset(); }
    static std::byte* data(handle const& p) { return reinterpret_cast<std::byte*>(p.get() + 1); }
    static void decay() {}

private:
    std::array<free_list, bench::capacities.size()> lists_;
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run<floor_pool>(argc, argv);
}
