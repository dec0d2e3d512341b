// malloc and free, each packet with exactly the requested size.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace bench {

class malloc_pool {
    struct alignas(16) packet {
        std::size_t allocated;
    };
    struct free_it {
        void operator()(packet* p) const { std::free(p); }
    };

public:
    using handle = std::unique_ptr<packet, free_it>;

    explicit malloc_pool(std::size_t) {}

    static handle acquire(std::size_t size)
    {
        void* const memory = std::malloc(sizeof(packet) + size);
        if (memory == nullptr) {
            throw std::bad_alloc();
        }
        return handle(::new (memory) packet{size});
    }
    static void release(handle p) { p.reset(); }
    static std::byte* data(handle const& p) { return reinterpret_cast<std::byte*>(p.get() + 1); }
    static void decay() {}
};

} // namespace bench
