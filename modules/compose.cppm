// Bucket policies made of others. What comes out is a bucket policy like any: the same rules,
// checked by the same concepts.
module;
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <type_traits>

export module pktpool:compose;

import :buckets;
import :room;

namespace pktpool {

template <std::size_t N>
constexpr std::array<bucket, N> sorted(std::array<bucket, N> buckets)
{
    std::ranges::sort(buckets, {}, &bucket::size);
    return buckets;
}

/// Some buckets more than `Base` has: of other sizes, in any order.
export template <bucket_policy Base, bucket... More>
struct extended : Base {
    static constexpr auto buckets = [] {
        std::array<bucket, bucket_count<Base> + sizeof...(More)> all{More...};
        std::ranges::copy(Base::buckets, all.begin() + sizeof...(More));
        return sorted(all);
    }();
};

/// The buckets of all of them, for a socket that serves several protocols: of a size that two have
/// it keeps as many as both together. Headroom and tailroom are the largest.
export template <bucket_policy... Bs>
    requires(sizeof...(Bs) > 0)
struct merged {
private:
    static constexpr auto all = [] {
        std::array<bucket, (bucket_count<Bs> + ...)> result{};
        auto* out = result.data();
        ((out = std::ranges::copy(Bs::buckets, out).out), ...);
        return sorted(result);
    }();
    static constexpr std::size_t sizes = [] {
        auto copy = all;
        return all.size() - std::ranges::unique(copy, {}, &bucket::size).size();
    }();

public:
    static constexpr auto buckets = [] {
        std::array<bucket, sizes> result{};
        std::size_t used = 0;
        for (bucket const& each : all) {
            if (used > 0 && result[used - 1].size == each.size) {
                result[used - 1].limit += each.limit;
            } else {
                result[used++] = each;
            }
        }
        return result;
    }();
    static constexpr std::size_t headroom = std::max({headroom_of<Bs>...});
    static constexpr std::size_t tailroom = std::max({tailroom_of<Bs>...});
};

/// `Multiplier / Divisor` times the limits, rounded up. With fixed_limit scaled<B, 0> keeps
/// nothing, which is malloc and free for every packet.
export template <bucket_policy Base, std::size_t Multiplier, std::size_t Divisor = 1>
    requires(Divisor > 0 && Multiplier <= max_bucket_limit * Divisor)
struct scaled : Base {
    static constexpr auto buckets = [] {
        auto result = Base::buckets;
        for (bucket& each : result) {
            each.limit = (each.limit * Multiplier + Divisor - 1) / Divisor;
        }
        return result;
    }();
};

/// Bytes of the buffers, with headroom and tailroom and without packet headers, of as many idle
/// packets as the limits allow.
export template <bucket_policy B>
inline constexpr std::size_t idle_bytes_at_limits = [] {
    std::size_t sum = 0;
    for (bucket const& each : B::buckets) {
        sum += each.limit * (headroom_of<B> + each.size + tailroom_of<B>);
    }
    return sum;
}();

/// Limits lowered in proportion, and rounded down, until as many idle packets fit `Bytes`, as
/// idle_bytes_at_limits counts them. It costs nothing at run time. max_idle_bytes lets the buckets
/// share the bytes as the traffic goes, counts headers too, and is the bound for demand_tracked,
/// to which a limit is the least that it goes back to.
export template <bucket_policy Base, std::size_t Bytes>
struct bounded : Base {
    static constexpr auto buckets = [] {
        auto result = Base::buckets;
        if (constexpr auto most = idle_bytes_at_limits<Base>; most > Bytes) {
            for (bucket& each : result) {
                each.limit = each.limit * Bytes / most;
            }
        }
        return result;
    }();
};

/// Bytes in front of every datagram and behind it, for headers and trailers that come later.
export template <bucket_policy Base, std::size_t Headroom, std::size_t Tailroom>
struct with_room : Base {
    static constexpr std::size_t headroom = Headroom;
    static constexpr std::size_t tailroom = Tailroom;
};

static_assert(bucket_policy<extended<libtorrent_buckets, bucket{.size = 1200, .limit = 7}>>);
static_assert(!bucket_policy<extended<libtorrent_buckets, bucket{.size = 548}>>);
static_assert(merged<libtorrent_buckets, libtorrent_buckets>::buckets.size() == 3);
static_assert(merged<libtorrent_buckets, libtorrent_buckets>::buckets[1].limit == 20);
static_assert(merged<with_room<libtorrent_buckets, 3, 0>, libtorrent_buckets>::headroom == 3);
static_assert(scaled<libtorrent_buckets, 1, 3>::buckets[0].limit == 4);
static_assert(scaled<libtorrent_buckets, 0>::buckets[2].limit == 0);
static_assert(idle_bytes_at_limits<libtorrent_buckets> == 10 * (20 + 548 + 1472));
static_assert(bounded<libtorrent_buckets, 10200>::buckets[0].limit == 5);
static_assert(bounded<libtorrent_buckets, 100'000>::buckets[0].limit == 10);

} // namespace pktpool
