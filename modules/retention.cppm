// How many idle packets a slab keeps, and what decay gives back.
module;
#include <concepts>
#include <cstdint>
#include <type_traits>

export module pktpool:retention;

namespace pktpool
{

template <class R>
concept retention_has_keeps = requires(R const retention, std::uint32_t idle, std::uint32_t limit) {
    { retention.keeps(idle, limit) } noexcept -> std::same_as<bool>;
};

template <class R>
concept retention_has_surplus =
    requires(R const retention, std::uint32_t idle, std::uint32_t limit) {
        { retention.surplus(idle, limit) } noexcept -> std::same_as<std::uint32_t>;
    };

/// Decides for one slab; `idle` and `limit` are packets.
///   `keeps(idle, limit)`    whether one more may stay beside `idle` others; never above `limit`
///   `surplus(idle, limit)`  how many of the oldest a decay gives back; never above `idle`
export template <class R>
concept retention_policy = retention_has_keeps<R> && retention_has_surplus<R> &&
                           std::is_nothrow_default_constructible_v<R>;

/// libtorrent's rule: up to `limit` idle packets, and one of them goes at each decay.
export struct fixed_limit {
    static constexpr bool keeps(std::uint32_t idle, std::uint32_t limit) noexcept
    {
        return idle < limit;
    }
    static constexpr std::uint32_t surplus(std::uint32_t idle, std::uint32_t) noexcept
    {
        return idle > 0 ? 1 : 0;
    }
};

static_assert(retention_policy<fixed_limit>);
static_assert(std::is_empty_v<fixed_limit>);
static_assert(fixed_limit::keeps(9, 10) && !fixed_limit::keeps(10, 10));
static_assert(fixed_limit::surplus(0, 10) == 0 && fixed_limit::surplus(7, 10) == 1);

} // namespace pktpool
