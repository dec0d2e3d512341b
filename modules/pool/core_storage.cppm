// The two places where the core of a pool lives, and the move of a pool. Exports nothing.
module;
#include "../support/attributes.hpp"

export module pktpool:pool.core_storage;

import pktpool.standard;

namespace pktpool {

/// In the pool object, if its handles do not refer to it.
template <class Core>
class inline_core {
public:
    using source_type = typename Core::source_type;

    explicit inline_core(source_type const& source, auto const&... bucket) noexcept
        : core_(source, bucket...)
    {
    }

    [[nodiscard]] source_type const& source() const noexcept { return core_.source(); }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Core& get() noexcept { return core_; }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Core* find() noexcept { return &core_; }
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Core const* find() const noexcept { return &core_; }

    void take_over(inline_core& other) noexcept { core_.take_over(other.core_); }

private:
    Core core_;
};

/// On the heap from the first use that needs it. It stays there when the pool moves, and while
/// packets are outstanding.
template <class Core>
class heap_core {
public:
    using source_type = typename Core::source_type;

    explicit heap_core(source_type const& source) noexcept : source_(source) {}
    heap_core(heap_core const&) = delete;
    heap_core& operator=(heap_core const&) = delete;
    ~heap_core() { end(); }

    [[nodiscard]] source_type const& source() const noexcept { return source_; }
    /// Throws std::bad_alloc at the first use.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Core& get()
    {
        auto* const built = find();
        return built != nullptr ? *built : build();
    }
    /// Null before the first get(). An acquire load is a plain load on x86.
    [[nodiscard]] PKTPOOL_ALWAYS_INLINE Core* find() const noexcept
    {
        return core_.load(std::memory_order_acquire);
    }

    void take_over(heap_core& other) noexcept
    {
        end();
        source_ = other.source_;
        core_ = other.core_.exchange(nullptr);
    }

private:
    /// If the threading policy allows it, two threads may call this at once.
    PKTPOOL_NOINLINE Core& build()
    {
        auto* const built = new Core(source_);
        Core* first = nullptr;
        if (core_.compare_exchange_strong(first, built, std::memory_order_acq_rel)) {
            return *built;
        }
        built->end();
        return *first;
    }

    void end() noexcept
    {
        if (auto* const core = find()) {
            core->end();
        }
    }

    PKTPOOL_NO_UNIQUE_ADDRESS source_type source_;
    std::atomic<Core*> core_ = nullptr;
};

/// Moves the idle packets of `from` to `to` and unbinds both. Checks the thread of both, one after
/// the other, so that two moves in opposite directions cannot deadlock. Contract: no other thread
/// uses either of them.
template <class Storage>
void move_core(Storage& from, std::string_view from_name, Storage& to, std::string_view to_name,
               std::source_location where) noexcept
{
    if (auto* const core = to.find()) {
        core->check_thread(to_name, where);
    }
    if (auto* const core = from.find()) {
        core->check_thread(from_name, where);
    }
    to.take_over(from);
    for (auto* const each : {&from, &to}) {
        if (auto* const core = each->find()) {
            core->detach();
        }
    }
}

} // namespace pktpool
