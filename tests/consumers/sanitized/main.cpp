// Whether AddressSanitizer knows that an idle packet may not be used.
#include <memory>
#include <utility>

#include <sanitizer/asan_interface.h>

import pktpool;

int main()
{
    pktpool::packet_pool pool;
    auto p = pool.acquire(100);
    auto* const packet = p.get();
    if (__asan_address_is_poisoned(packet) != 0) {
        return 1;
    }
    pool.release(std::move(p));
    return __asan_address_is_poisoned(packet) != 0 ? 0 : 2;
}
