module;
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

module pktpool;

import :support.message;

namespace pktpool {

void report(std::string_view text, std::source_location where) noexcept
{
    std::fprintf(stderr, "pktpool: %.*s", static_cast<int>(text.size()), text.data());
    if (where.line() != 0) {
        std::fprintf(stderr, " [%s:%u]", where.file_name(), static_cast<unsigned>(where.line()));
    }
    std::fputc('\n', stderr);
}

bool report_and_end(std::string_view text, std::source_location where) noexcept
{
    report(text, where);
    std::abort();
}

bool report_excess(char const* call, std::size_t bytes, char const* bound, std::size_t most,
                   std::source_location where) noexcept
{
    report_and_end(
        message().add("%s of %zu bytes is more than the %s, %zu", call, bytes, bound, most).view(),
        where);
}

bool report_sizes(std::size_t header_size, std::size_t size, std::size_t most,
                  std::source_location where) noexcept
{
    report_and_end(message()
                       .add("a packet has header_size %zu and size %zu, but header_size <= size <= "
                            "%zu must hold. Set both to what its buffer holds",
                            header_size, size, most)
                       .view(),
                   where);
}

void throw_bad_alloc()
{
    throw std::bad_alloc();
}

void throw_too_large(std::string_view what, std::size_t value, std::size_t bound,
                     std::string_view advice)
{
    throw std::length_error("pktpool: " + std::string(what) + " of " + std::to_string(value) +
                            " is above the largest, " + std::to_string(bound) + "; " +
                            std::string(advice));
}

void throw_size_too_large(std::size_t size, std::size_t bound)
{
    throw_too_large("a packet size", size, bound,
                    "no datagram is larger (and a negative number converts to a huge one)");
}

void throw_wrong_capacity(std::size_t packet, std::size_t slab)
{
    throw std::invalid_argument("pktpool: a packet of capacity " + std::to_string(packet) +
                                " does not belong to a slab of capacity " + std::to_string(slab) +
                                "; it stays with the caller");
}

} // namespace pktpool
