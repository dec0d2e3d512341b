// Bucket policies made from other bucket policies. The result obeys the same rules, checked by the
// same concepts.
export module pktpool:sizes.compose;

import pktpool.standard;
import :sizes.bucket;

namespace pktpool {

template <std::size_t N>
constexpr std::array<bucket, N> sorted(std::array<bucket, N> buckets)
{
    std::ranges::sort(buckets, {}, &bucket::size);
    return buckets;
}

/// The buckets of `Base` and more of other sizes, in any order.
export template <bucket_policy Base, bucket... More>
struct extended : Base {
    static constexpr auto buckets = [] {
        std::array<bucket, bucket_count<Base> + sizeof...(More)> all{More...};
        std::ranges::copy(Base::buckets, all.begin() + sizeof...(More));
        return sorted(all);
    }();
};

/// The buckets of several policies, for a socket that serves several protocols. The limits of equal
/// sizes add up. Headroom and tailroom are the largest of all.
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

/// The buckets of `Base` with limits of 0: with fixed_limit every acquire and release calls the
/// source. For comparing a program with and without a pool.
export template <bucket_policy Base>
struct unpooled : Base {
    static constexpr auto buckets = [] {
        auto result = Base::buckets;
        for (bucket& each : result) {
            each.limit = 0;
        }
        return result;
    }();
};

/// `Base` with bytes in front of every datagram and behind it, for headers and trailers that are
/// added later.
export template <bucket_policy Base, std::size_t Headroom, std::size_t Tailroom>
struct with_headroom_tailroom : Base {
    static constexpr std::size_t headroom = Headroom;
    static constexpr std::size_t tailroom = Tailroom;
};

static_assert(bucket_policy<extended<libtorrent_buckets, bucket{.size = 1200, .limit = 7}>>);
static_assert(!bucket_policy<extended<libtorrent_buckets, bucket{.size = 548}>>);
static_assert(unpooled<libtorrent_buckets>::buckets[2].limit == 0);
static_assert(merged<libtorrent_buckets, libtorrent_buckets>::buckets.size() == 3);
static_assert(merged<libtorrent_buckets, libtorrent_buckets>::buckets[1].limit == 20);
static_assert(
    merged<with_headroom_tailroom<libtorrent_buckets, 3, 0>, libtorrent_buckets>::headroom == 3);

} // namespace pktpool
