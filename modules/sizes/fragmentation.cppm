// Internal fragmentation of a bucket policy: bytes of a packet's capacity that were not asked for.
// Computed at compile time.
module;
#include <gsl/assert>

export module pktpool:sizes.fragmentation;

import pktpool.standard;
import :sizes.bucket;

namespace pktpool {

/// Internal fragmentation of some packets.
export struct fragmentation {
    std::size_t requested = 0;  ///< bytes asked for, of all packets
    std::size_t capacity = 0;   ///< bytes of the buckets that they come from
    std::size_t worst_size = 0; ///< bytes: the size with the largest difference of one packet
    std::size_t worst = 0;      ///< bytes: that difference

    /// Bytes that nobody asked for.
    [[nodiscard]] constexpr std::size_t bytes() const { return capacity - requested; }
    /// Their share of the capacity in percent, rounded up.
    [[nodiscard]] constexpr std::size_t percent() const
    {
        return capacity == 0 ? 0 : (100 * bytes() + capacity - 1) / capacity;
    }
};

/// Capacity of the packet that acquire(size) returns: exactly `size` above the largest bucket.
template <bucket_policy B>
constexpr std::size_t capacity_for(std::size_t size)
{
    Expects(size <= max_packet_size);
    auto const index = bucket_index<B>(size);
    return index == bucket_count<B> ? size : B::buckets[index].size;
}

/// Of one packet of each size in bytes. Write a size that is twice as common twice.
export template <bucket_policy B>
consteval fragmentation fragmentation_of(std::initializer_list<std::size_t> sizes)
{
    fragmentation sum;
    for (auto const size : sizes) {
        auto const capacity = capacity_for<B>(size);
        sum.requested += size;
        sum.capacity += capacity;
        if (capacity - size > sum.worst) {
            sum.worst = capacity - size;
            sum.worst_size = size;
        }
    }
    return sum;
}

/// The most bytes of one packet of a size from `least` to `most` bytes.
export template <bucket_policy B>
consteval std::size_t worst_fragmentation(std::size_t least, std::size_t most)
{
    Expects(least <= most && most <= max_packet_size);
    auto worst = capacity_for<B>(least) - least;
    for (bucket const& each : B::buckets) { // the worst size is one above a bucket
        if (auto const size = each.size + 1; least <= size && size <= most) {
            worst = std::max(worst, capacity_for<B>(size) - size);
        }
    }
    return worst;
}

static_assert(fragmentation_of<libtorrent_buckets>({20, 500, 1400}).bytes() == 48 + 72);
static_assert(fragmentation_of<libtorrent_buckets>({20, 500, 1400}).worst_size == 1400);
static_assert(fragmentation_of<libtorrent_buckets>({2000}).bytes() == 0);
static_assert(worst_fragmentation<libtorrent_buckets>(0, max_packet_size) == 1472 - 549);
static_assert(worst_fragmentation<libtorrent_buckets>(0, 548) == 548 - 21);

} // namespace pktpool
