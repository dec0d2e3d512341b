// What a caller sees when something is wrong: exceptions for input that can be bad at run time,
// a line on stderr and the end of the program for a broken contract.
module;
#include <algorithm>
#include <array>
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

/// A line of text that needs no memory; what does not fit is cut off.
class message {
public:
    message& add(std::string_view text) noexcept
    {
        return add("%.*s", static_cast<int>(text.size()), text.data());
    }
    /// As std::printf.
    template <class... Values>
        requires(sizeof...(Values) > 0)
    message& add(char const* format, Values... values) noexcept
    {
        auto const room = line_.size() - used_;
        auto const wanted = std::snprintf(line_.data() + used_, room, format, values...);
        used_ += std::min(room - 1, static_cast<std::size_t>(std::max(0, wanted)));
        return *this;
    }
    message& add_place(char const* what, std::source_location where) noexcept
    {
        return where.line() == 0 ? add("%s at a place that was not recorded", what)
                                 : add("%s at %s:%u", what, where.file_name(),
                                       static_cast<unsigned>(where.line()));
    }
    [[nodiscard]] std::string_view view() const noexcept { return {line_.data(), used_}; }

private:
    std::array<char, 1024> line_{};
    std::size_t used_ = 0;
};

/// A call on a packet that wants more bytes than there are.
[[nodiscard]] bool exceeds(char const* call, std::size_t bytes, char const* bound, std::size_t most,
                           std::source_location where) noexcept
{
    return broken(
        message().add("%s of %zu bytes is more than the %s, %zu", call, bytes, bound, most).view(),
        where);
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
