// The two places where the core of a pool lives.
module;
#include <atomic>
#include <source_location>

#include "pktpool_attributes.hpp"

export module pktpool:places;

namespace pktpool {

/// In the pool itself, where handles do not know it.
template <class Core>
class core_in_pool {
public:
    using source_type = typename Core::source_type;

    explicit core_in_pool(source_type const& source) noexcept : core_(source) {}

    [[nodiscard]] source_type const& source() const noexcept { return core_.source(); }
    [[nodiscard]] PKTPOOL_HOT Core& open() noexcept { return core_; }
    [[nodiscard]] PKTPOOL_HOT Core* find() noexcept { return &core_; }
    [[nodiscard]] PKTPOOL_HOT Core const* find() const noexcept { return &core_; }

    void take_over(core_in_pool& other) noexcept { core_.take_over(other.core_); }

private:
    Core core_;
};

/// On the heap from the first use on that needs it, where it stays when the pool moves and as long
/// as packets are out.
template <class Core>
class core_on_heap {
public:
    using source_type = typename Core::source_type;

    explicit core_on_heap(source_type const& source) noexcept : source_(source) {}
    core_on_heap(core_on_heap const&) = delete;
    core_on_heap& operator=(core_on_heap const&) = delete;
    ~core_on_heap() { close(); }

    [[nodiscard]] source_type const& source() const noexcept { return source_; }
    /// Throws std::bad_alloc.
    [[nodiscard]] PKTPOOL_HOT Core& open()
    {
        auto* const built = find();
        return built != nullptr ? *built : build();
    }
    /// Null before the first open(). One plain load where the processor orders loads anyway.
    [[nodiscard]] PKTPOOL_HOT Core* find() const noexcept
    {
        return core_.load(std::memory_order_acquire);
    }

    void take_over(core_on_heap& other) noexcept
    {
        close();
        source_ = other.source_;
        core_ = other.core_.exchange(nullptr);
    }

private:
    /// Two threads may come first at once, where the threading policy lets them.
    PKTPOOL_RARE Core& build()
    {
        auto* const built = new Core(source_);
        Core* first = nullptr;
        if (core_.compare_exchange_strong(first, built, std::memory_order_acq_rel)) {
            return *built;
        }
        built->close();
        return *first;
    }

    void close() noexcept
    {
        if (auto* const core = find()) {
            core->close();
        }
    }

    PKTPOOL_NO_UNIQUE_ADDRESS source_type source_;
    std::atomic<Core*> core_ = nullptr;
};

} // namespace pktpool
