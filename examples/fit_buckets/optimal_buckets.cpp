#include "optimal_buckets.hpp"

#include <algorithm>
#include <limits>
#include <ranges>

namespace fit {

namespace {

constexpr std::uint64_t impossible = std::numeric_limits<std::uint64_t>::max();

/// The smallest bucket that may hold `size` bytes.
std::size_t aligned(std::size_t size, std::size_t align)
{
    auto const least = std::max<std::size_t>(size, 1); // no bucket holds 0 bytes
    return std::min(largest_size, (least + align - 1) / align * align);
}

} // namespace

optimal_buckets::optimal_buckets(size_counts const& sizes, bucket_rules rules) : packets_before_{0}
{
    auto const most = std::max(sizes.most(), rules.at_least);
    for (std::size_t size = 0; size <= most; ++size) {
        auto const packets = sizes.of(size);
        requested_ += size * packets;
        if (packets == 0 && size != most) {
            continue;
        }
        if (auto const capacity = aligned(size, rules.align);
            capacities_.empty() || capacities_.back() != capacity) {
            capacities_.push_back(capacity);
            packets_before_.push_back(packets_before_.back());
        }
        packets_before_.back() += packets;
    }
    auto const ends = static_cast<index>(capacities_.size());
    best_.resize(ends + 1);
    for (index end = 1; end <= ends; ++end) {
        best_[end] = cost(0, end);
    }
    last_cut_.emplace_back(ends + 1, 0);
}

bool optimal_buckets::add_bucket()
{
    auto const buckets = static_cast<index>(last_cut_.size());
    auto const ends = static_cast<index>(capacities_.size());
    if (buckets == ends) {
        return false;
    }
    last_cut_.emplace_back(ends + 1);
    next_.assign(ends + 1, impossible); // so many buckets need as many sizes
    solve({.first = buckets + 1, .last = ends}, {.first = buckets, .last = ends - 1});
    best_.swap(next_);
    return true;
}

/// Of the last bucket: for each end in `ends` the best begin, which is in `cuts`.
void optimal_buckets::solve(range ends, range cuts)
{
    if (ends.first > ends.last) {
        return;
    }
    auto const end = ends.first + (ends.last - ends.first) / 2;
    auto best_cut = cuts.first;
    for (auto cut = cuts.first; cut <= std::min(cuts.last, end - 1); ++cut) {
        if (auto const capacity = best_[cut] + cost(cut, end); capacity < next_[end]) {
            next_[end] = capacity;
            best_cut = cut;
        }
    }
    last_cut_.back()[end] = best_cut;
    solve({.first = ends.first, .last = end - 1}, {.first = cuts.first, .last = best_cut});
    solve({.first = end + 1, .last = ends.last}, {.first = best_cut, .last = cuts.last});
}

std::vector<std::size_t> optimal_buckets::buckets() const
{
    std::vector<std::size_t> sizes;
    auto end = capacities_.size();
    for (auto const& layer : std::views::reverse(last_cut_)) {
        sizes.push_back(capacities_[end - 1]);
        end = layer[end];
    }
    std::ranges::reverse(sizes);
    return sizes;
}

loss optimal_buckets::lost() const
{
    return {.requested = requested_, .capacity = best_.back()};
}

} // namespace fit
