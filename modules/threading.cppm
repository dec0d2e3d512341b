// What happens at a pool's door: which threads may come in.
module;
#include <concepts>
#include <cstdint>
#include <mutex>
#include <source_location>
#include <string_view>
#include <type_traits>

#if !defined(_WIN32)
#    include <pthread.h>
#endif

#include "pktpool_attributes.hpp"

#if defined(_WIN32)
extern "C" __declspec(dllimport) unsigned long __stdcall GetCurrentThreadId();
#endif

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

/// The running thread as the system numbers it: the same in every library of the process, which a
/// thread_local of pktpool is not where symbols are hidden, and of no two threads that live at the
/// same time. Never 0.
[[nodiscard]] PKTPOOL_HOT std::uintptr_t this_thread() noexcept
{
#if defined(_WIN32)
    return GetCurrentThreadId();
#elif defined(__ELF__) && (defined(__x86_64__) || defined(__aarch64__))
    return reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer()); // one instruction
#else
    return (std::uintptr_t)pthread_self(); // NOLINT(*-cstyle-cast): a number or a pointer
#endif
}

/// One thread at a time, the default, in every build: the first use binds the pool to its thread,
/// and a use from another is reported with both threads named and ends the program. A thread that
/// the system puts in the place of one that has ended passes for it.
/// Costs one load and one comparison that is always predicted.
export class single_threaded {
public:
    PKTPOOL_HOT nothing_held enter(std::string_view operation, std::source_location where) noexcept
    {
        if (owner_ != this_thread()) [[unlikely]] {
            bind(operation, where);
        }
        return {};
    }

    /// The next use binds the pool to its thread. Any thread may call this; that no other one is
    /// using the pool meanwhile is the caller's word.
    inline void detach() noexcept { owner_ = unbound; }

private:
    void bind(std::string_view operation, std::source_location where) noexcept;

    static constexpr std::uintptr_t unbound = 0;

    std::uintptr_t owner_ = unbound;
};

/// What the standard calls BasicLockable.
template <class M>
concept basic_lockable = requires(M mutex) {
    mutex.lock();
    mutex.unlock();
};

/// Any thread at any time, one after the other: every operation holds the mutex, and so does a drop
/// where the pool hears of it. The source is called with the mutex held, so it needs no lock of its
/// own; metadata is destroyed without it. A source, or a constructor of metadata, that calls its
/// pool wants a mutex that one thread may lock twice.
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
