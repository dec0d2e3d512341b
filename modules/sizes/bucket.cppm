// Packet sizes and bucket policies: which sizes a pool keeps, and the look-up of the bucket for a
// size.
module;
#include "../support/attributes.hpp"

export module pktpool:sizes.bucket;

import pktpool.standard;

namespace pktpool {

/// The largest packet, in bytes: the bound of the 16-bit length of a UDP datagram (RFC 768).
export inline constexpr std::size_t max_packet_size = std::numeric_limits<std::uint16_t>::max();

/// Every packet, and therefore its buffer, is aligned to this many bytes.
export inline constexpr std::size_t packet_alignment = 16;

template <class N>
concept counts_bytes =
    std::integral<N> || (!std::floating_point<N> && std::convertible_to<N, std::size_t>);

/// A number of bytes, from any integer type without a warning or a cast. A negative number, and one
/// that std::size_t cannot hold, becomes a number that is above max_packet_size.
export class byte_count {
public:
    template <counts_bytes N>
    // NOLINTNEXTLINE(google-explicit-constructor): it stands for an integer
    PKTPOOL_ALWAYS_INLINE constexpr byte_count(N bytes) noexcept
        : bytes_(static_cast<std::size_t>(bytes))
    {
        if constexpr (std::integral<N> && sizeof(N) > sizeof(std::size_t)) {
            bytes_ =
                static_cast<N>(bytes_) == bytes ? bytes_ : std::numeric_limits<std::size_t>::max();
        }
    }

    // NOLINTNEXTLINE(google-explicit-constructor): the same
    PKTPOOL_ALWAYS_INLINE constexpr operator std::size_t() const noexcept { return bytes_; }

private:
    std::size_t bytes_;
};

static_assert(byte_count(1472) == 1472 && byte_count(-1) > max_packet_size);

/// A payload capacity, and how many idle packets of it are worth keeping.
export struct bucket {
    std::size_t size;       ///< bytes of UDP payload: what the socket sees
    std::size_t limit = 10; ///< packets; 10 is libtorrent's number
};

/// The largest limit, in packets. With fixed_limit a pool object contains two pointers per packet
/// of each limit: with a limit of 65535 it takes a megabyte, too much for a thread's stack.
export inline constexpr std::size_t max_bucket_limit = std::numeric_limits<std::uint16_t>::max();

/// The bucket index of a packet that belongs to no bucket of a pool.
export inline constexpr std::uint8_t no_bucket = std::numeric_limits<std::uint8_t>::max();

/// Reads every number, which the compiler can do only if all are constants.
constexpr std::size_t read_all(auto const& buckets)
{
    std::size_t sum = 0;
    for (bucket const& each : buckets) {
        sum += each.size + each.limit;
    }
    return sum;
}

/// `B::buckets` is an array, and a bucket is not only a number.
template <class B>
concept has_array_of_pktpool_bucket =
    std::same_as<std::remove_cvref_t<decltype(*B::buckets.data())>, bucket>;

template <class B>
concept has_constant_buckets =
    requires { typename std::integral_constant<std::size_t, read_all(B::buckets)>; };

template <class B>
concept buckets_not_empty = !B::buckets.empty();

/// A packet stores its bucket index in one byte, and no_bucket is one of the 256 values.
template <class B>
concept buckets_at_most_255 = B::buckets.size() <= no_bucket;

template <class B>
concept bucket_sizes_not_zero = std::ranges::min(B::buckets, {}, &bucket::size).size != 0;

template <class B>
concept bucket_sizes_at_most_65535 =
    std::ranges::max(B::buckets, {}, &bucket::size).size <= max_packet_size;

template <class B>
concept buckets_strictly_ascending =
    std::ranges::adjacent_find(B::buckets, std::ranges::greater_equal{}, &bucket::size) ==
    B::buckets.end();

template <class B>
concept bucket_limits_at_most_65535 =
    std::ranges::max(B::buckets, {}, &bucket::limit).limit <= max_bucket_limit;

/// Not declared, or a constant that is not negative.
template <class B>
concept headroom_at_most_65535 = !requires { B::headroom; } || requires {
    requires std::integral_constant<std::size_t, B::headroom>::value <= max_packet_size;
};
template <class B>
concept tailroom_at_most_65535 = !requires { B::tailroom; } || requires {
    requires std::integral_constant<std::size_t, B::tailroom>::value <= max_packet_size;
};

/// A type with a `static constexpr std::array buckets` of pktpool::bucket, smallest first. It may
/// declare `static constexpr std::size_t headroom` and `tailroom`: bytes that every packet has in
/// front of the datagram and behind it, in addition to the size of its bucket.
export template <class B>
concept bucket_policy =
    has_array_of_pktpool_bucket<B> && has_constant_buckets<B> && buckets_not_empty<B> &&
    buckets_at_most_255<B> && bucket_sizes_not_zero<B> && bucket_sizes_at_most_65535<B> &&
    buckets_strictly_ascending<B> && bucket_limits_at_most_65535<B> && headroom_at_most_65535<B> &&
    tailroom_at_most_65535<B>;

export template <bucket_policy B>
inline constexpr std::size_t bucket_count = B::buckets.size();

/// Bytes in front of every datagram of a policy: its `headroom`, or 0.
export template <bucket_policy B>
inline constexpr std::size_t headroom_of = [] {
    if constexpr (requires { B::headroom; }) {
        return std::size_t{B::headroom};
    } else {
        return std::size_t{0};
    }
}();

/// Bytes behind every datagram of a policy: its `tailroom`, or 0.
export template <bucket_policy B>
inline constexpr std::size_t tailroom_of = [] {
    if constexpr (requires { B::tailroom; }) {
        return std::size_t{B::tailroom};
    } else {
        return std::size_t{0};
    }
}();

/// Index of the smallest bucket with capacity >= `size` bytes; bucket_count<B> above the largest.
/// O(buckets): one comparison and one addition per bucket, and no branch, because mixed sizes would
/// mispredict it.
export template <bucket_policy B>
[[nodiscard]] constexpr std::size_t bucket_index(std::size_t size) noexcept
{
    return [size]<std::size_t... I>(std::index_sequence<I...>) {
        return (std::size_t{size > B::buckets[I].size} + ...);
    }(std::make_index_sequence<bucket_count<B>>{});
}

inline constexpr std::size_t inet_min_mtu = 576;  // RFC 791 section 3.1: every host accepts it
inline constexpr std::size_t ethernet_mtu = 1500; // RFC 894
inline constexpr std::size_t ipv4_header = 20;    // RFC 791 section 3.1, without options
inline constexpr std::size_t udp_header = 8;      // RFC 768
inline constexpr std::size_t utp_header = 20;     // BEP 29, without extensions

/// libtorrent's uTP pool: a SYN or a bare acknowledgement, the MTU floor, the MTU ceiling.
export struct libtorrent_buckets {
    static constexpr std::array buckets{
        bucket{.size = utp_header},
        bucket{.size = inet_min_mtu - ipv4_header - udp_header},
        bucket{.size = ethernet_mtu - ipv4_header - udp_header},
    };
};

static_assert(bucket_policy<libtorrent_buckets>);
static_assert(libtorrent_buckets::buckets[1].size == 548);
static_assert(libtorrent_buckets::buckets[2].size == 1472);
static_assert(bucket_index<libtorrent_buckets>(0) == 0);
static_assert(bucket_index<libtorrent_buckets>(20) == 0);
static_assert(bucket_index<libtorrent_buckets>(21) == 1);
static_assert(bucket_index<libtorrent_buckets>(1472) == 2);
static_assert(bucket_index<libtorrent_buckets>(1473) == bucket_count<libtorrent_buckets>);

} // namespace pktpool
