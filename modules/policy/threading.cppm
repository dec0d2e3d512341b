// Threading policies: which threads may call a pool.
module;
#if !defined(_WIN32)
#    include <pthread.h>
#endif

#include "../support/attributes.hpp"

#if defined(_WIN32)
extern "C" __declspec(dllimport) unsigned long __stdcall GetCurrentThreadId();
#endif

export module pktpool:policy.threading;

import pktpool.standard;

namespace pktpool {

/// `enter` returns a lock or an empty object; it is destroyed at the end of the operation.
template <class T>
concept threading_has_enter =
    requires(T policy, std::string_view operation, std::source_location where) {
        { policy.enter(operation, where) } -> std::destructible;
    };

template <class T>
concept threading_has_detach = requires(T policy) {
    { policy.detach() } noexcept;
};

template <class T>
concept threading_starts_unbound = std::is_nothrow_default_constructible_v<T>;

/// Checks or serialises the operations of a pool.
///   `enter(operation, where)`: called at the start of every operation with its name and the call
///                              site; the result is destroyed at the end of the operation
///
///   `detach() noexcept`: the next use binds the pool to its thread
export template <class T>
concept threading_policy =
    threading_has_enter<T> && threading_has_detach<T> && threading_starts_unbound<T>;

/// For templates whose second argument is the threading policy: the compiler names this concept if
/// another policy stands there.
template <class T>
concept second_argument_is_a_threading_policy = threading_policy<T>;

/// A threading policy whose pool has an owner: other threads may release and drop packets.
///   `is_owner() noexcept`: whether the running thread is the owner. A release and a drop call it,
///                          and not enter(). False while the pool is not bound
export template <class T>
concept allows_remote_release = threading_policy<T> && requires(T const policy) {
    { policy.is_owner() } noexcept -> std::same_as<bool>;
};

struct nothing_held {};

/// No check, no state, no code.
export struct unchecked {
    static constexpr nothing_held enter(std::string_view, std::source_location) noexcept
    {
        return {};
    }
    static constexpr void detach() noexcept {}
};

/// The system's number of the running thread. It is the same in every library of the process (a
/// thread_local of pktpool is not, where symbols are hidden), and differs between threads that live
/// at the same time. Never 0.
[[nodiscard]] PKTPOOL_ALWAYS_INLINE std::uintptr_t this_thread() noexcept
{
#if defined(_WIN32)
    return GetCurrentThreadId();
#elif defined(__ELF__) && (defined(__x86_64__) || defined(__aarch64__))
    return reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer()); // one instruction
#else
    return (std::uintptr_t)pthread_self(); // NOLINT(*-cstyle-cast): a number or a pointer
#endif
}

/// The default, also in release builds: the first use binds the pool to its thread. A use from
/// another thread is reported with the numbers of both threads and ends the program. The system may
/// give a new thread the number of one that has ended; the check does not tell these two apart.
/// Costs one load and one comparison.
export class single_threaded {
public:
    PKTPOOL_ALWAYS_INLINE nothing_held enter(std::string_view operation,
                                             std::source_location where) noexcept
    {
        if (owner_ != this_thread()) [[unlikely]] {
            bind(operation, where);
        }
        return {};
    }

    /// The next use binds the pool to its thread. Any thread may call it. Contract: no other thread
    /// uses the pool at that time.
    inline void detach() noexcept { owner_ = unbound; }

private:
    void bind(std::string_view operation, std::source_location where) noexcept;

    static constexpr std::uintptr_t unbound = 0;

    std::uintptr_t owner_ = unbound;
};

/// One thread, the owner, acquires; any thread releases and drops. A release on another thread puts
/// the packet on a list of its slab, from which the owner takes it: one atomic operation per
/// packet, or per slab of a span. It never blocks, allocates or throws. The owner's own operations
/// cost what they cost with single_threaded. While the pool is not bound, every release takes the
/// list.
///
/// Any thread may call release() and statistics() and drop handles, also when the pool is gone; the
/// source deallocates on these threads. A handle takes two pointers. detach(), a move and the
/// destructor may run while other threads release, but not while the owner uses the pool or drops
/// its packets.
export class alignas(64) single_owner { // no cache line with what the owner writes
public:
    PKTPOOL_ALWAYS_INLINE nothing_held enter(std::string_view operation,
                                             std::source_location where) noexcept
    {
        if (!is_owner()) [[unlikely]] {
            bind(operation, where);
        }
        return {};
    }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE bool is_owner() const noexcept
    {
        // Relaxed: a thread reads its own number only if it wrote it.
        return owner_.load(std::memory_order_relaxed) == this_thread();
    }
    inline void detach() noexcept { owner_.store(unbound, std::memory_order_release); }

private:
    void bind(std::string_view operation, std::source_location where) noexcept;

    static constexpr std::uintptr_t unbound = 0;

    std::atomic<std::uintptr_t> owner_ = unbound;
};

/// BasicLockable of the standard.
template <class M>
concept basic_lockable = requires(M mutex) {
    mutex.lock();
    mutex.unlock();
};

/// Any thread may call the pool at any time. Every operation holds the mutex, and so does every
/// drop that reaches the pool. The source and constructors of metadata run while the mutex is held,
/// destructors of metadata run without it. A source or a constructor of metadata that calls its
/// pool needs a mutex that one thread can lock twice.
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
static_assert(threading_policy<single_threaded> && !allows_remote_release<single_threaded>);
static_assert(allows_remote_release<single_owner>);
static_assert(threading_policy<synchronized<>>);
static_assert(std::is_empty_v<unchecked>);

} // namespace pktpool
