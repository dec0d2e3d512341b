// The list of the outstanding packets of a hardened pool whose call sites are recorded.
export module pktpool:store.outstanding_list;

import pktpool.standard;
import :packet.guard;

namespace pktpool {

/// Packets that were acquired at one call site and are still outstanding.
export struct outstanding_packets {
    std::source_location call_site; ///< of the acquire
    std::size_t bucket;             ///< index, or no_bucket
    std::size_t count;              ///< packets; with call_sites_one_in > 1 the recorded ones
};

/// A doubly linked list through the guards, newest first. A guard whose list members were
/// overwritten is reported before its links are followed.
class outstanding_list {
public:
    outstanding_list() = default;
    outstanding_list(outstanding_list const&) = delete;
    outstanding_list& operator=(outstanding_list const&) = delete;
    ~outstanding_list() = default;

    /// Whether to record the call site of this acquire: of the first, and then of one in `one_in`.
    [[nodiscard]] bool records_next(std::uint32_t one_in, std::source_location where) noexcept;
    /// O(1).
    void add(guard_record& record, void const* packet, std::source_location where) noexcept;
    /// For a packet that is released, recorded or not. O(1).
    void remove(guard_record& record, std::source_location where) noexcept;

    /// From now on nothing is added, and no link is followed: other threads free packets that are
    /// in the list.
    void abandon() noexcept { is_abandoned_ = true; }

    /// By call site and bucket, most packets first. O(n log n) for n packets; throws
    /// std::bad_alloc.
    [[nodiscard]] std::vector<outstanding_packets> outstanding() const;
    /// Lists them on stderr, if there are any.
    void report_all() const noexcept;

    [[nodiscard]] pool_identity const& identity() const noexcept { return identity_; }

private:
    /// Null is harmless.
    void check(guard_record const* record, std::source_location where) const noexcept;
    void link(guard_record* older, guard_record* newer) noexcept;

    guard_record* newest_ = nullptr;
    std::ptrdiff_t to_record_ = 0; // bytes from the start of a packet to its guard
    pool_identity identity_{};
    std::uint32_t until_next_ = 0; // acquires
    bool is_abandoned_ = false;
};

} // namespace pktpool
