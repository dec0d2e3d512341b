// The checks of guard.cppm, out of its importers' way.
module;
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <source_location>
#include <string_view>

#include <gsl/assert>
#include <gsl/narrow>

module pktpool;

import :message;

namespace pktpool {

namespace {

constexpr std::byte pattern{0xdb};

unsigned long long wide(std::uint64_t value) noexcept
{
    return value;
}

/// The first byte that is not of the pattern, or the end.
std::byte const* find_written(std::byte const* begin, std::byte const* end) noexcept
{
    // Nearly always all is well, and memcmp of a range with itself, one byte on, sees that fastest.
    auto const bytes = static_cast<std::size_t>(end - begin);
    if (bytes == 0 || (*begin == pattern && std::memcmp(begin, begin + 1, bytes - 1) == 0)) {
        return end;
    }
    return std::find_if(begin, end, [](std::byte each) { return each != pattern; });
}

std::byte* begin_of_lent(guarded_packet const& packet) noexcept
{
    return packet.memory + packet.padding;
}
std::byte* datagram(guarded_packet const& packet) noexcept
{
    return begin_of_lent(packet) + packet.headroom;
}
std::byte* end_of_lent(guarded_packet const& packet, std::size_t asked) noexcept
{
    return datagram(packet) + asked + packet.tailroom;
}
std::byte* end_of(guarded_packet const& packet) noexcept
{
    return end_of_lent(packet, packet.allocated) + guard_record::trailer;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept
{
    return std::rotl((a ^ b) * 0x9e3779b97f4a7c15, 29);
}

std::uint32_t folded(std::uint64_t sum) noexcept
{
    return gsl::narrow_cast<std::uint32_t>(sum >> 32 ^ sum);
}

std::uint64_t bits(void const* address) noexcept
{
    return reinterpret_cast<std::uintptr_t>(address);
}

/// Of the place itself, for what it points to may be overwritten.
std::uint64_t bits(std::source_location const& place) noexcept
{
    auto const words =
        std::bit_cast<std::array<std::uintptr_t, sizeof place / sizeof(std::uintptr_t)>>(place);
    return std::accumulate(words.begin(), words.end(), std::uint64_t{0}, mix);
}

} // namespace

std::uint64_t guard_record::canary() const noexcept
{
    static_assert(offsetof(guard_record, canary_) + sizeof canary_ == sizeof(guard_record),
                  "nothing is between the canary and the buffer");
    return mix(bits(this), 0x70616b65742063); // a record that was copied elsewhere is no good one
}

std::uint32_t guard_record::seal() const noexcept
{
    auto sum = mix(bits(this), bits(pool_));
    sum = mix(sum, bits(acquired_));
    sum = mix(sum, bits(released_));
    return folded(mix(sum, std::uint64_t{asked_} << 32 | std::uint64_t{allocated_} << 16 |
                               std::uint64_t{bucket_} << 8 | static_cast<std::uint64_t>(state_)));
}

std::uint32_t guard_record::list_seal() const noexcept
{
    auto const links = mix(mix(bits(this), bits(older_)), bits(newer_));
    return folded(mix(mix(links, bits(acquired_)), bucket_));
}

void guard_record::begin(guarded_packet const& packet) noexcept
{
    allocated_ = packet.allocated;
    bucket_ = packet.bucket;
    seal_ = seal();
    list_seal_ = list_seal();
    canary_ = canary();
    std::fill(packet.memory, end_of(packet), pattern);
}

void guard_record::lend(guarded_packet const& packet, std::size_t asked, ledger& pool,
                        std::source_location where, std::uint32_t places_one_in) noexcept
{
    check_idle(packet);
    asked_ = gsl::narrow_cast<std::uint16_t>(asked);
    pool_ = &pool;
    state_ = state::out;
    acquired_ = {};
    released_ = {};
    if (pool.records(places_one_in, where)) {
        acquired_ = where;
        pool.add(*this, packet.address, where);
    }
    list_seal_ = list_seal();
    seal_ = seal();
}

void guard_record::retire(guarded_packet const& packet, ledger const* pool,
                          std::source_location where) noexcept
{
    check_header(packet, where);
    Expects(state_ == state::out || misused(packet.address, "released twice", where));
    Expects(pool_ == pool ||
            misused(packet.address, "released to another pool than its own", where));
    auto* const begin = begin_of_lent(packet);
    auto* const behind = end_of_lent(packet, asked_);
    check_not_overrun(packet, packet.memory, begin, where);
    check_not_overrun(packet, behind, end_of(packet), where);
    std::fill(begin, behind, pattern);
    state_ = state::idle;
    released_ = where;
    seal_ = seal();
}

std::size_t guard_record::claim(guarded_packet const& packet, std::size_t bytes,
                                std::source_location where) noexcept
{
    check_header(packet, where);
    Expects(state_ == state::out || misused(packet.address, "claimed after its release", where));
    if (bytes > asked_) {
        check_not_overrun(packet, end_of_lent(packet, asked_), end_of_lent(packet, bytes), where);
        asked_ = gsl::narrow_cast<std::uint16_t>(bytes);
        seal_ = seal();
    }
    return asked_;
}

void guard_record::check_idle(guarded_packet const& packet) const noexcept
{
    check_header(packet, {});
    check_links(packet.address, {});
    Expects(state_ == state::idle || misused(packet.address, "made idle without a release", {}));
    check_not_written(packet, packet.memory, end_of(packet), "written after its release:", {});
}

void guard_record::check_not_overrun(guarded_packet const& packet, std::byte const* begin,
                                     std::byte const* end,
                                     std::source_location where) const noexcept
{
    check_not_written(packet, begin, end,
                      message().add("overrun: of the %u bytes asked for,", unsigned{asked_}).view(),
                      where);
}

void guard_record::check_not_written(guarded_packet const& packet, std::byte const* begin,
                                     std::byte const* end, std::string_view how,
                                     std::source_location where) const noexcept
{
    auto const* const written = find_written(begin, end);
    Expects(written == end ||
            misused(packet.address,
                    message()
                        .add(how)
                        .add(" byte %td of its buffer is 0x%02x, expected 0x%02x",
                             written - datagram(packet), std::to_integer<unsigned>(*written),
                             std::to_integer<unsigned>(pattern))
                        .view(),
                    where));
}

/// The packet of the record is at `packet`.
void guard_record::check_links(void const* packet, std::source_location where) const noexcept
{
    Expects(list_seal_ == list_seal() ||
            misused(packet,
                    "overwritten in its header: what the list of outstanding packets reads there "
                    "is not what the pool wrote",
                    where));
}

void guard_record::check_header(guarded_packet const& packet,
                                std::source_location where) const noexcept
{
    Expects(canary_ == canary() ||
            misused(packet.address,
                    message()
                        .add("overwritten in front of its buffer: the word there is 0x%016llx, "
                             "expected 0x%016llx",
                             wide(canary_), wide(canary()))
                        .view(),
                    where));
    bool const same = seal_ == seal() && allocated_ == packet.allocated && bucket_ == packet.bucket;
    Expects(same || misused(packet.address,
                            message()
                                .add("overwritten in its header: bucket %u and allocated %u, "
                                     "expected %u and %u",
                                     unsigned{packet.bucket}, unsigned{packet.allocated},
                                     unsigned{bucket_}, unsigned{allocated_})
                                .view(),
                            where));
}

/// Which packet, which pool, how, and where it came from, as far as the record can be believed.
bool guard_record::misused(void const* packet, std::string_view how,
                           std::source_location where) const noexcept
{
    message line;
    line.add("the packet at %p was %.*s; ", packet, static_cast<int>(how.size()), how.data());
    if (seal_ != seal()) {
        line.add("what is known of it was overwritten, too");
        return broken(line.view(), where);
    }
    line.add("it has %u bytes, ", unsigned{allocated_});
    line.add_place("was acquired", acquired_);
    if (state_ == state::idle) {
        line.add_place(", released", released_);
    }
    if (pool_ != nullptr) {
        line.add(", and belongs to the pool");
        line.add_place(" first used", pool_->first_use());
    }
    return broken(line.view(), where);
}

} // namespace pktpool
