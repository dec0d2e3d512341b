// What a caller sees when something is wrong: exceptions for input that can be bad at run time,
// a line on stderr and the end of the program for a broken contract.
module;
#include <cstddef>
#include <source_location>
#include <string_view>

export module pktpool:error;

namespace pktpool {

/// Reports a broken contract on stderr: what happened, where, and what to do about it.
/// A default `where` is left out. Returns false, so that it reads `Expects(holds || broken("..."))`
/// and GSL ends the program.
[[nodiscard]] bool broken(std::string_view what,
                          std::source_location where = std::source_location::current()) noexcept;

/// As broken(): `call` wants more bytes than the `most` of the `bound`.
[[nodiscard]] bool exceeds(char const* call, std::size_t bytes, char const* bound, std::size_t most,
                           std::source_location where) noexcept;

[[noreturn]] void throw_bad_alloc();

/// A number that is above its bound, and what to do about it.
[[noreturn]] void throw_too_large(std::string_view what, std::size_t value, std::size_t bound,
                                  std::string_view advice);

/// `int` arguments convert to std::size_t: a negative one arrives as a huge number.
[[noreturn]] void throw_size_too_large(std::size_t size, std::size_t bound);

[[noreturn]] void throw_wrong_capacity(std::size_t packet, std::size_t slab);

} // namespace pktpool
