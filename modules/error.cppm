// What a caller sees when something is wrong: exceptions for input that can be bad at run time,
// a line on stderr and the end of the program for a broken contract.
module;
#include <cstddef>
#include <cstdio>
#include <new>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

export module pktpool:error;

namespace pktpool {

/// Reports a broken contract on stderr: what happened, where, and what to do about it.
/// A default `where` is left out. Returns false, so that it reads `Expects(holds || broken("..."))`
/// and GSL ends the program.
[[nodiscard]] bool broken(std::string_view what,
                          std::source_location where = std::source_location::current()) noexcept
{
    // fprintf, not iostream: this may run when memory is gone or a mutex is held.
    std::fprintf(stderr, "pktpool: %.*s", static_cast<int>(what.size()), what.data());
    if (where.line() != 0) {
        std::fprintf(stderr, " [%s:%u]", where.file_name(), static_cast<unsigned>(where.line()));
    }
    std::fputc('\n', stderr);
    return false;
}

[[noreturn]] void throw_bad_alloc()
{
    throw std::bad_alloc();
}

/// A number that is above its bound, and what to do about it.
[[noreturn]] void throw_too_large(std::string_view what, std::size_t value, std::size_t bound,
                                  std::string_view advice)
{
    throw std::length_error("pktpool: " + std::string(what) + " of " + std::to_string(value) +
                            " is above the largest, " + std::to_string(bound) + "; " +
                            std::string(advice));
}

/// `int` arguments convert to std::size_t: a negative one arrives as a huge number.
[[noreturn]] void throw_size_too_large(std::size_t size, std::size_t bound)
{
    throw_too_large("a packet size", size, bound,
                    "no datagram is larger (and a negative number converts to a huge one)");
}

[[noreturn]] void throw_wrong_capacity(std::size_t packet, std::size_t slab)
{
    throw std::invalid_argument("pktpool: a packet of capacity " + std::to_string(packet) +
                                " does not belong to a slab of capacity " + std::to_string(slab) +
                                "; it stays with the caller");
}

} // namespace pktpool
