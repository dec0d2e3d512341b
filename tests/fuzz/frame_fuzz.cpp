// Any bytes for parse_frame, which fit_buckets reads captures with: never a byte outside of the
// frame, which AddressSanitizer reports, and an answer that more captured bytes do not change.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "frame.hpp"
#include "tally.hpp"

namespace {

using bytes = std::span<std::uint8_t const>;

constexpr std::array links{fit::link_layer::ethernet, fit::link_layer::linux_cooked,
                           fit::link_layer::linux_cooked_v2, fit::link_layer::raw_ip,
                           fit::link_layer::loopback};
constexpr std::size_t largest_payload = 65535 - 8; // behind a UDP header

[[noreturn]] void fail(char const* what)
{
    std::fprintf(stderr, "fuzz: a frame: %s\n", what);
    std::abort();
}

/// From memory of exactly its size.
fit::frame parse(fit::link_layer link, bytes captured)
{
    std::vector<std::uint8_t> const copy(captured.begin(), captured.end());
    return fit::parse_frame(link, std::as_bytes(std::span(copy)));
}

bool equal(fit::frame const& a, fit::frame const& b)
{
    return a.kind == b.kind && a.ipv6 == b.ipv6 && a.size == b.size;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static fuzz::tally done("frames, of which", "were UDP datagrams");
    if (size < 2) {
        return 0;
    }
    auto const link = links[data[0] % links.size()];
    bytes const all(data + 2, size - 2);
    auto const whole = parse(link, all);
    done.add_steps(1);
    if (whole.kind == fit::frame_kind::udp) {
        done.add_thing();
    }
    if (whole.size > largest_payload) {
        fail("a datagram that is too large");
    }
    if (whole.kind != fit::frame_kind::udp && (whole.size != 0 || whole.ipv6)) {
        fail("what is no datagram has a size");
    }
    auto const less = parse(link, all.first(std::min<std::size_t>(data[1], all.size())));
    if (less.kind != fit::frame_kind::cut && !equal(less, whole)) {
        fail("the bytes behind the answer change it");
    }
    return 0;
}
