// What a bucket policy loses to rounding sizes up, reported when it is compiled.
module;
#include <algorithm>
#include <cstddef>
#include <initializer_list>

#include <gsl/assert>

export module pktpool:waste;

import :buckets;

namespace pktpool {

/// Bytes lost to rounding over some packets.
export struct rounding_waste {
    std::size_t asked = 0;      ///< bytes, of all packets
    std::size_t given = 0;      ///< bytes: the capacities of their buckets
    std::size_t worst_size = 0; ///< bytes: the size that loses most
    std::size_t worst = 0;      ///< bytes that it loses

    [[nodiscard]] constexpr std::size_t lost() const { return given - asked; }
    /// Of what is given, rounded up.
    [[nodiscard]] constexpr std::size_t percent() const
    {
        return given == 0 ? 0 : (100 * lost() + given - 1) / given;
    }
};

/// Capacity of the packet that acquire(size) gives; above the largest bucket, and only there, it is
/// exact.
template <bucket_policy B>
constexpr std::size_t capacity_for(std::size_t size)
{
    Expects(size <= max_packet_size);
    auto const index = bucket_index<B>(size);
    return index == bucket_count<B> ? size : B::buckets[index].size;
}

/// For one packet of each size, in bytes: a size that is twice as common is written twice.
export template <bucket_policy B>
consteval rounding_waste waste_of(std::initializer_list<std::size_t> sizes)
{
    rounding_waste sum;
    for (auto const size : sizes) {
        auto const given = capacity_for<B>(size);
        sum.asked += size;
        sum.given += given;
        if (given - size > sum.worst) {
            sum.worst = given - size;
            sum.worst_size = size;
        }
    }
    return sum;
}

/// The most bytes that one packet of a size from `least` to `most` can lose.
export template <bucket_policy B>
consteval std::size_t worst_waste(std::size_t least, std::size_t most)
{
    Expects(least <= most && most <= max_packet_size);
    auto worst = capacity_for<B>(least) - least;
    for (bucket const& each : B::buckets) { // the size behind a bucket loses most in the next
        if (auto const size = each.size + 1; least <= size && size <= most) {
            worst = std::max(worst, capacity_for<B>(size) - size);
        }
    }
    return worst;
}

static_assert(waste_of<libtorrent_buckets>({20, 500, 1400}).lost() == 48 + 72);
static_assert(waste_of<libtorrent_buckets>({20, 500, 1400}).worst_size == 1400);
static_assert(waste_of<libtorrent_buckets>({2000}).lost() == 0);
static_assert(worst_waste<libtorrent_buckets>(0, max_packet_size) == 1472 - 549);
static_assert(worst_waste<libtorrent_buckets>(0, 548) == 548 - 21);

} // namespace pktpool
