// What happens at a pool's door: which threads may come in.
module;
#include <concepts>
#include <cstdint>
#include <limits>
#include <mutex>
#include <source_location>
#include <string_view>
#include <thread>
#include <type_traits>

#include "pktpool_attributes.hpp"

export module pktpool:threading;

namespace pktpool {

/// What `enter` returns lives as long as the operation: a lock, or nothing at all.
template <class T>
concept threading_has_enter =
    requires(T door, std::string_view operation, std::source_location where) {
        { door.enter(operation, where) } -> std::destructible;
    };

template <class T>
concept threading_has_detach = requires(T door) {
    { door.detach() } noexcept;
};

template <class T>
concept threading_starts_unbound = std::is_nothrow_default_constructible_v<T>;

/// A check at the door of a pool.
///   `enter(operation, where)`  at the start of every operation, with the name of the operation and
///                              the place of the call; what it returns is destroyed at its end
///   `detach() noexcept`        the next use binds anew
export template <class T>
concept threading_policy =
    threading_has_enter<T> && threading_has_detach<T> && threading_starts_unbound<T>;

struct nothing_held {};

/// No check, no state, no code.
export struct unchecked {
    static constexpr nothing_held enter(std::string_view, std::source_location) noexcept
    {
        return {};
    }
    static constexpr void detach() noexcept {}
};

/// A number of the thread that no other thread of the process ever has, or 0 before it was asked
/// for. A std::thread::id may be given to a new thread once its thread has ended.
inline constinit thread_local std::uint64_t this_thread_number = 0;

/// One thread at a time, the default, in every build: the first use binds the pool to its thread,
/// and a use from another is reported with both threads named and ends the program.
/// Costs one load and one comparison that is always predicted.
export class single_threaded {
public:
    PKTPOOL_HOT nothing_held enter(std::string_view operation, std::source_location where) noexcept
    {
        if (owner_ != this_thread_number) [[unlikely]] {
            bind(operation, where);
        }
        return {};
    }

    /// The next use binds the pool to its thread. Any thread may call this; that no other one is
    /// using the pool meanwhile is the caller's word.
    inline void detach() noexcept { owner_ = unbound; }

private:
    void bind(std::string_view operation, std::source_location where) noexcept;

    static constexpr std::uint64_t unbound = std::numeric_limits<std::uint64_t>::max();

    std::uint64_t owner_ = unbound;
    std::thread::id owner_id_{}; // only for the message: it is what debuggers and logs show
};

/// What the standard calls BasicLockable.
template <class M>
concept basic_lockable = requires(M mutex) {
    mutex.lock();
    mutex.unlock();
};

/// Any thread at any time, one after the other: every operation holds the mutex, and so does a drop
/// where the pool hears of it. Metadata that owns packets of its own pool wants a mutex that one
/// thread may lock twice.
export template <basic_lockable Mutex = std::mutex>
class synchronized {
public:
    [[nodiscard]] std::lock_guard<Mutex> enter(std::string_view, std::source_location)
    {
        return std::lock_guard<Mutex>(mutex_);
    }
    static constexpr void detach() noexcept {}

private:
    Mutex mutex_;
};

static_assert(threading_policy<unchecked>);
static_assert(threading_policy<single_threaded>);
static_assert(threading_policy<synchronized<>>);
static_assert(std::is_empty_v<unchecked>);

} // namespace pktpool
