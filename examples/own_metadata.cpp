// Metadata of your own: its members become members of the packet, and are reset by every acquire.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <utility>

import pktpool;

// What an NTP server receives, RFC 5905 section 7.3: a header, a header with a key identifier and
// a digest, and packets with extension fields, such as those of NTS (RFC 8915).
inline constexpr std::size_t ntp_header = 48;
inline constexpr std::size_t ntp_mac = 4 + 16;

struct ntp_buckets {
    static constexpr std::array buckets{
        pktpool::bucket{.size = ntp_header, .limit = 64},
        pktpool::bucket{.size = ntp_header + ntp_mac, .limit = 64},
        pktpool::bucket{.size = pktpool::udp_payload(1500, pktpool::ip::v4), .limit = 16},
    };
};

// The part of the request that the answer needs.
struct ntp_metadata {
    std::uint64_t received = 0; ///< NTP timestamp of the arrival: seconds since 1900, times 2^32
    bool authenticated = false; ///< the digest was right
};

using ntp_pool = pktpool::basic_packet_pool<ntp_buckets, pktpool::single_threaded, ntp_metadata>;

int main()
{
    ntp_pool pool;

    ntp_pool::packet_ptr p = pool.acquire(ntp_header + ntp_mac);
    p->received = std::uint64_t{3'913'056'000} << 32U; // 2024-01-01 00:00:00
    p->authenticated = true;
    std::printf("received at second %u, header of %zu bytes before the buffer\n",
                static_cast<unsigned>(p->received >> 32U), sizeof(*p));
    pool.release(std::move(p));

    p = pool.acquire(ntp_header + ntp_mac); // the same memory, with new metadata
    std::printf("received at second %u\n", static_cast<unsigned>(p->received >> 32U));
}
