// The other baseline: the packets are the places of one ring, which are used in turn. The way back
// is a number, so packets have to come back in order.
#include <atomic>
#include <cstddef>
#include <span>

#include "blocks.hpp"
#include "run.hpp"
#include "wait.hpp"

namespace {

class one_ring {
    using block = bench::block_of<one_ring>;

public:
    struct membership {};
    static constexpr bool keeps_order = true;

    one_ring(std::size_t bytes, bench::extent const& of) : blocks_(bytes, of.packets)
    {
        for (std::size_t i = 0; i < blocks_.count(); ++i) {
            static_cast<void>(blocks_.make(i, *this));
        }
    }

    void get(std::span<block*> into)
    {
        acquired_ += into.size();
        for (bench::patience patience; acquired_ - known_ > blocks_.count(); patience.wait()) {
            known_ = released_.load(std::memory_order_acquire);
        }
        for (auto& each : into) {
            each = blocks_.at(next_);
            next_ = next_ + 1 < blocks_.count() ? next_ + 1 : 0;
        }
    }
    void put(std::span<block*> from)
    {
        auto const before = released_.load(std::memory_order_relaxed);
        released_.store(before + from.size(), std::memory_order_release);
    }

private:
    bench::fixed_blocks<one_ring> blocks_;
    std::size_t next_ = 0;
    std::size_t acquired_ = 0;
    std::size_t known_ = 0; // the last number that was read of released_
    alignas(64) std::atomic<std::size_t> released_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run_handoff<bench::per_bucket<one_ring>>(argc, argv);
}
