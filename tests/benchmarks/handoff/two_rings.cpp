// The baseline: packets of a fixed number, that come back through a ring of their own for each
// thread that gives them back. Nothing grows, and the owner waits if no packet is there.
#include <algorithm>
#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include <boost/lockfree/spsc_queue.hpp>

#include "blocks.hpp"
#include "run.hpp"
#include "wait.hpp"

namespace {

class two_rings {
    using block = bench::block_of<two_rings>;
    using ring = boost::lockfree::spsc_queue<block*>;

public:
    struct membership {};
    static constexpr bool keeps_order = false;

    two_rings(std::size_t bytes, bench::extent const& of)
        : blocks_(bytes, of.packets), owner_(of.owner), own_(of.packets)
    {
        for (std::size_t thread = 0; thread <= of.threads; ++thread) {
            returned_.emplace_back(of.packets);
        }
    }

    void get(std::span<block*> into)
    {
        bench::patience patience;
        for (into = into.subspan(take(into)); !into.empty(); into = into.subspan(take(into))) {
            patience.wait();
        }
    }
    void put(std::span<block*> from)
    {
        if (bench::thread_number == owner_) {
            std::ranges::copy(from, &own_[own_count_]);
            own_count_ += from.size();
        } else {
            returned_[bench::thread_number].push(from.data(), from.size());
        }
    }

private:
    std::size_t take(std::span<block*> into)
    {
        std::size_t taken = 0;
        for (; taken < into.size() && own_count_ > 0; ++taken) {
            into[taken] = own_[--own_count_];
        }
        for (auto& each : returned_) {
            if (taken == into.size()) {
                return taken;
            }
            taken += each.pop(&into[taken], into.size() - taken);
        }
        for (; taken < into.size() && made_ < blocks_.count(); ++taken) {
            into[taken] = blocks_.make(made_++, *this);
        }
        return taken;
    }

    bench::fixed_blocks<two_rings> blocks_;
    std::size_t owner_;
    std::size_t made_ = 0;
    std::vector<block*> own_; // the first of these were given back by the owner
    std::size_t own_count_ = 0;
    std::deque<ring> returned_;
};

} // namespace

int main(int argc, char** argv)
{
    return bench::run_handoff<bench::per_bucket<two_rings>>(argc, argv);
}
