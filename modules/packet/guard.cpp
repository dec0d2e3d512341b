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

import :support.message;

namespace pktpool {

namespace {

constexpr std::byte pattern{0xdb};

unsigned long long wide(std::uint64_t value) noexcept
{
    return value;
}

/// The first byte that differs from the pattern, or the end.
std::byte const* find_written(std::byte const* begin, std::byte const* end) noexcept
{
    // Fast path: if the first byte and each pair of neighbours are equal, nothing was written.
    auto const bytes = static_cast<std::size_t>(end - begin);
    if (bytes == 0 || (*begin == pattern && std::memcmp(begin, begin + 1, bytes - 1) == 0)) {
        return end;
    }
    return std::find_if(begin, end, [](std::byte each) { return each != pattern; });
}

std::byte* begin_of_lent(packet_memory const& memory) noexcept
{
    return memory.behind_header + memory.padding;
}
std::byte* datagram(packet_memory const& memory) noexcept
{
    return begin_of_lent(memory) + memory.headroom;
}
std::byte* end_of_lent(packet_memory const& memory, std::size_t requested) noexcept
{
    return datagram(memory) + requested + memory.tailroom;
}
std::byte* end_of(packet_memory const& memory) noexcept
{
    return end_of_lent(memory, memory.capacity) + guard_record::trailer;
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

/// Of the object itself: the text that it points to may be overwritten.
std::uint64_t bits(std::source_location const& call_site) noexcept
{
    auto const words =
        std::bit_cast<std::array<std::uintptr_t, sizeof call_site / sizeof(std::uintptr_t)>>(
            call_site);
    return std::accumulate(words.begin(), words.end(), std::uint64_t{0}, mix);
}

} // namespace

std::uint64_t guard_record::canary() const noexcept
{
    static_assert(offsetof(guard_record, canary_) + sizeof canary_ == sizeof(guard_record),
                  "nothing is between the canary and the buffer");
    return mix(bits(this), 0x70616b65742063); // a copy at another address is invalid
}

std::uint32_t guard_record::seal() const noexcept
{
    auto sum = mix(bits(this), bits(pool_));
    sum = mix(sum, bits(acquired_));
    sum = mix(sum, bits(released_));
    return folded(mix(sum, std::uint64_t{requested_} << 32 | std::uint64_t{capacity_} << 16 |
                               std::uint64_t{bucket_} << 8 | static_cast<std::uint64_t>(state_)));
}

std::uint32_t guard_record::list_seal() const noexcept
{
    auto const links = mix(mix(bits(this), bits(older_)), bits(newer_));
    return folded(mix(mix(links, bits(acquired_)), bucket_));
}

void guard_record::begin(packet_memory const& memory) noexcept
{
    capacity_ = memory.capacity;
    bucket_ = memory.bucket;
    seal_ = seal();
    list_seal_ = list_seal();
    canary_ = canary();
    std::fill(memory.behind_header, end_of(memory), pattern);
}

void guard_record::lend(packet_memory const& memory, std::size_t requested,
                        pool_identity const* pool, std::source_location acquired) noexcept
{
    check_idle(memory);
    requested_ = gsl::narrow_cast<std::uint16_t>(requested);
    pool_ = pool;
    state_ = state::outstanding;
    acquired_ = acquired;
    released_ = {};
    list_seal_ = list_seal();
    seal_ = seal();
}

void guard_record::retire(packet_memory const& memory, pool_identity const* pool,
                          std::source_location where) noexcept
{
    check_header(memory, where);
    Expects(state_ == state::outstanding || report_misuse(memory.packet, "released twice", where));
    Expects(pool_ == pool ||
            report_misuse(memory.packet, "released to another pool than its own", where));
    auto* const begin = begin_of_lent(memory);
    auto* const behind = end_of_lent(memory, requested_);
    check_not_overrun(memory, memory.behind_header, begin, where);
    check_not_overrun(memory, behind, end_of(memory), where);
    std::fill(begin, behind, pattern);
    state_ = state::idle;
    released_ = where;
    seal_ = seal();
}

std::size_t guard_record::request(packet_memory const& memory, std::size_t bytes,
                                  std::source_location where) noexcept
{
    check_header(memory, where);
    Expects(state_ == state::outstanding ||
            report_misuse(memory.packet, "filled after its release", where));
    if (bytes > requested_) {
        check_not_overrun(memory, end_of_lent(memory, requested_), end_of_lent(memory, bytes),
                          where);
        requested_ = gsl::narrow_cast<std::uint16_t>(bytes);
        seal_ = seal();
    }
    return requested_;
}

void guard_record::check_idle(packet_memory const& memory) const noexcept
{
    check_header(memory, {});
    check_list_seal(memory.packet, {});
    Expects(state_ == state::idle ||
            report_misuse(memory.packet, "made idle without a release", {}));
    check_not_written(memory, memory.behind_header, end_of(memory),
                      "written after its release:", {});
}

void guard_record::check_not_overrun(packet_memory const& memory, std::byte const* begin,
                                     std::byte const* end,
                                     std::source_location where) const noexcept
{
    check_not_written(
        memory, begin, end,
        message().add("overrun: of the %u bytes asked for,", unsigned{requested_}).view(), where);
}

void guard_record::check_not_written(packet_memory const& memory, std::byte const* begin,
                                     std::byte const* end, std::string_view how,
                                     std::source_location where) const noexcept
{
    auto const* const written = find_written(begin, end);
    Expects(written == end ||
            report_misuse(memory.packet,
                          message()
                              .add(how)
                              .add(" byte %td of its buffer is 0x%02x, expected 0x%02x",
                                   written - datagram(memory), std::to_integer<unsigned>(*written),
                                   std::to_integer<unsigned>(pattern))
                              .view(),
                          where));
}

void guard_record::check_list_seal(void const* packet, std::source_location where) const noexcept
{
    Expects(
        list_seal_ == list_seal() ||
        report_misuse(packet,
                      "overwritten in its header: what the list of outstanding packets reads there "
                      "is not what the pool wrote",
                      where));
}

void guard_record::check_header(packet_memory const& memory,
                                std::source_location where) const noexcept
{
    Expects(
        canary_ == canary() ||
        report_misuse(memory.packet,
                      message()
                          .add("overwritten in front of its buffer: the word there is 0x%016llx, "
                               "expected 0x%016llx",
                               wide(canary_), wide(canary()))
                          .view(),
                      where));
    bool const same = seal_ == seal() && capacity_ == memory.capacity && bucket_ == memory.bucket;
    Expects(same || report_misuse(memory.packet,
                                  message()
                                      .add("overwritten in its header: bucket %u and allocated %u, "
                                           "expected %u and %u",
                                           unsigned{memory.bucket}, unsigned{memory.capacity},
                                           unsigned{bucket_}, unsigned{capacity_})
                                      .view(),
                                  where));
}

/// Reports the packet, the misuse, the call sites and the pool, as far as the seal proves them.
bool guard_record::report_misuse(void const* packet, std::string_view how,
                                 std::source_location where) const noexcept
{
    message line;
    line.add("the packet at %p was %.*s; ", packet, static_cast<int>(how.size()), how.data());
    if (seal_ != seal()) {
        line.add("its record was overwritten, too");
        report_and_end(line.view(), where);
    }
    line.add("it has %u bytes, ", unsigned{capacity_});
    line.add_call_site("was acquired", acquired_);
    if (state_ == state::idle) {
        line.add_call_site(", released", released_);
    }
    if (pool_ != nullptr) {
        line.add(", and belongs to the pool");
        line.add_call_site(" first used", pool_->first_use);
    }
    report_and_end(line.view(), where);
}

} // namespace pktpool
