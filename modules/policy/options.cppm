// Options: policies that a user names but does not implement. `hardened` may be derived from.
export module pktpool:policy.options;

import pktpool.standard;

namespace pktpool {

/// The default, as in libtorrent: a handle that is destroyed without release() frees its packet.
/// A handle is as small as a pointer.
export struct free_on_drop {};

/// A handle that is destroyed without release() returns its packet to the pool, as release() does,
/// and frees it when the pool is gone. A handle takes two pointers: the second is the slab, because
/// reading it from the packet would touch a header that may not be in the cache.
export struct return_on_drop {};

template <class P>
concept drop_option = std::same_as<P, free_on_drop> || std::same_as<P, return_on_drop>;

/// For secrets. A release or a drop destroys the metadata and fills its bytes and the whole buffer
/// with zeros before the packet is kept or freed; no optimiser removes that. With `hardened` the
/// buffer of an idle packet holds its pattern instead, and zeros when it is freed. O(bytes).
export struct clear_on_release {};

/// The pool counts its operations and the handles that are destroyed without release(); read them
/// with statistics().
export struct counted {};

/// The most bytes that all idle packets of a pool take, headers included: a release that would
/// exceed it frees its packet.
export template <std::size_t Bytes>
struct max_idle_bytes {
    static constexpr std::size_t most_idle_bytes = Bytes;
};

/// The default: limits and the retention policy alone bound the idle packets.
struct no_idle_bound {
    static constexpr std::size_t most_idle_bytes = std::numeric_limits<std::size_t>::max();
};

template <class P>
concept idle_bound_option = requires {
    { P::most_idle_bytes } -> std::same_as<std::size_t const&>;
};

/// In place of an option that is off.
struct not_given {};

template <class H>
concept hardening_says_how_many_call_sites = requires {
    { H::call_sites_one_in } -> std::same_as<std::uint32_t const&>;
    requires H::call_sites_one_in > 0;
};

template <class H>
concept hardening_says_whether_it_reports = requires {
    { H::reports_outstanding } -> std::same_as<bool const&>;
};

/// `static constexpr std::uint32_t call_sites_one_in`: the pool records the call site of one
/// acquire
///                                                     in so many
///
/// `static constexpr bool reports_outstanding`: whether the destructor of a pool lists the
///                                               outstanding packets on stderr
export template <class H>
concept hardening_policy =
    hardening_says_how_many_call_sites<H> && hardening_says_whether_it_reports<H>;

/// Checks every packet when it is released, acquired again and freed. A double release, a release
/// to another pool, an overwritten header, an overrun and a write after release end the program
/// with a report of the packet, its pool and the call site of its acquire. Derive from it to change
/// a number. A release writes the buffer and the next acquire reads it: O(bytes).
export struct hardened {
    static constexpr std::uint32_t call_sites_one_in = 1;
    static constexpr bool reports_outstanding = false;
};

static_assert(hardening_policy<hardened>);
static_assert(idle_bound_option<max_idle_bytes<1>> && idle_bound_option<no_idle_bound>);

} // namespace pktpool
