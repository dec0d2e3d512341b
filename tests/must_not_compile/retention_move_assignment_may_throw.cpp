// A move assignment of a pool assigns its retention policy, and never throws.
#include <cstdint>
#include <vector>

import pktpool;

struct mine {
    std::vector<std::uint32_t> decays;

    mine() = default;
    mine(mine&&) = default;
    mine& operator=(mine&& other) noexcept(false)
    {
        decays = other.decays;
        return *this;
    }
    static constexpr std::uint32_t ceiling(std::uint32_t limit) noexcept { return limit; }
    static std::uint32_t surplus(pktpool::slab_counts const& counts) noexcept
    {
        return counts.idle;
    }
};

pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::unchecked, mine> slab(100);
