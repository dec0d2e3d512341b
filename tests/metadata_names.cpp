// Metadata whose members would be hidden by those of the packet are refused.
#include <doctest/doctest.h>

import pktpool;

namespace {

// clang-format off
struct with_bucket { int number; int bucket; };
struct with_allocated { int number; void allocated(); void allocated(int); };
struct with_size { int number; int size; };
struct with_header_size { int number; void header_size(); void header_size(int); };
struct with_data { int number; int data; };
struct with_used { int number; void used(); void used(int); };
struct with_payload { int number; int payload; };
struct with_buffer { int number; void buffer(); void buffer(int); };
struct with_headroom { int number; int headroom; };
struct with_tailroom { int number; void tailroom(); void tailroom(int); };
struct with_prepend { int number; int prepend; };
struct with_append { int number; void append(); void append(int); };
struct with_trim_start { int number; int trim_start; };
struct with_trim_end { int number; void trim_end(); void trim_end(int); };
struct with_reset { int number; int reset; };
// clang-format on

struct inherits : with_bucket {};
struct has_private {
    int number = 0;

private:
    [[maybe_unused]] int size = 0;
};
struct other_names {
    int sizes, my_bucket, reset_at;
};

template <class... Metadata>
constexpr bool none_fits = !(pktpool::packet_metadata<Metadata> || ...);

} // namespace

TEST_CASE("metadata: no member has the name of a member of the packet")
{
    static_assert(none_fits<with_bucket, with_allocated, with_size, with_header_size, with_data,
                            with_used, with_payload, with_buffer, with_headroom, with_tailroom,
                            with_prepend, with_append, with_trim_start, with_trim_end, with_reset>);
    static_assert(none_fits<inherits, has_private>);
    static_assert(pktpool::packet_metadata<other_names>);
}
