// Errors. Exports nothing: functions that throw for bad input, and that report a broken contract
// and end the program.
export module pktpool:support.error;

import pktpool.standard;

namespace pktpool {

/// Writes one line to stderr: the text, and the call site unless it is a default-constructed one.
/// Allocates nothing: memory may be gone, and a mutex may be held.
void report(std::string_view text, std::source_location where) noexcept;

/// Reports a broken contract and aborts the program: `Expects(holds || report_and_end("..."))`.
/// The text says what happened, where, and what to do about it.
[[noreturn]] bool
report_and_end(std::string_view text,
               std::source_location where = std::source_location::current()) noexcept;

/// The same for a `call` that asks for more bytes than the `most` of the `bound`.
[[noreturn]] bool report_excess(char const* call, std::size_t bytes, char const* bound,
                                std::size_t most, std::source_location where) noexcept;

/// The same for a packet whose numbers of bytes do not fit; at most `most` may be used.
[[noreturn]] bool report_sizes(std::size_t header_size, std::size_t size, std::size_t most,
                               std::source_location where) noexcept;

[[noreturn]] void throw_bad_alloc();

/// std::length_error for a number that is above its bound; `advice` says what to do.
[[noreturn]] void throw_too_large(std::string_view what, std::size_t value, std::size_t bound,
                                  std::string_view advice);

/// std::length_error for a packet size. A negative `int` arrives here as a huge number.
[[noreturn]] void throw_size_too_large(std::size_t size, std::size_t bound);

/// std::invalid_argument for a packet that belongs to a slab of another capacity.
[[noreturn]] void throw_wrong_capacity(std::size_t packet, std::size_t slab);

} // namespace pktpool
