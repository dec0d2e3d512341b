// Searches every block for a secret of a packet at the moment when the block is freed. Optimised in
// every preset: an optimiser that knows free() may remove writes in front of it.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include <malloc.h>

import pktpool;

namespace {

constexpr std::string_view secret = "correct horse battery staple";
bool seen = false;

bool is_in(void const* block, std::size_t bytes)
{
    std::string_view const all(static_cast<char const*>(block), bytes);
    return all.find(secret) != std::string_view::npos;
}

struct key_metadata {
    char key[32] = {};
};

template <class... Policies>
using pool_with = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                                             key_metadata, Policies...>;

/// Whether the secret was in freed memory, for each way in which a packet is freed.
template <class Pool>
bool leaks(bool in_header)
{
    seen = false;
    auto const write_secret = [in_header](auto& p) {
        std::ranges::copy(secret, in_header ? p->key : reinterpret_cast<char*>(p->data()));
    };
    typename Pool::packet_ptr late;
    {
        Pool pool;
        auto p = pool.acquire(100);
        write_secret(p);
        p.reset(); // dropped
        p = pool.acquire(2000);
        write_secret(p);
        pool.release(std::move(p)); // freed at once: no bucket is that large
        p = pool.acquire(1000);
        write_secret(p);
        pool.release(std::span(&p, 1)); // kept, and freed with the pool
        late = pool.acquire(100);
        write_secret(late);
    }
    late.reset();
    return seen;
}

} // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names.
extern "C" void __real_free(void* block);
extern "C" void __wrap_free(void* block)
{
    seen = seen || (block != nullptr && is_in(block, malloc_usable_size(block)));
    __real_free(block);
}
// NOLINTEND(bugprone-reserved-identifier)

// heap_source calls this where malloc does not align enough. The function of the standard library
// would call free() in a way that --wrap does not intercept.
void operator delete(void* block, std::align_val_t) noexcept
{
    __wrap_free(block);
}

int main()
{
    using pktpool::clear_on_release;
    using pktpool::return_on_drop;
    bool passed = true;
    for (bool const in_header : {false, true}) {
        // Control: without the policy the secret is found.
        passed = passed && leaks<pool_with<>>(in_header);
        passed = passed && !leaks<pool_with<clear_on_release>>(in_header);
        passed = passed && !leaks<pool_with<clear_on_release, return_on_drop>>(in_header);
        passed = passed && !leaks<pool_with<clear_on_release, pktpool::hardened>>(in_header);
    }
    std::puts(passed ? "cleared" : "found, or not found where it must be");
    return passed ? 0 : 1;
}
