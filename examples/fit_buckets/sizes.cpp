#include "sizes.hpp"

#include <algorithm>
#include <numeric>
#include <ranges>

namespace fit {

namespace {

std::size_t capacity_for(std::span<std::size_t const> buckets, std::size_t size)
{
    auto const index = bucket_of(buckets, size);
    return index == buckets.size() ? size : buckets[index];
}

bool is_there(std::uint64_t count)
{
    return count > 0;
}

} // namespace

void size_counts::add(packet_trace const& trace)
{
    for (auto const& record : trace.records) {
        if (record.op == trace_record::operation::acquire) {
            ++counts_[record.size];
        }
    }
}

std::uint64_t size_counts::packets() const
{
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::size_t size_counts::least() const
{
    return static_cast<std::size_t>(std::ranges::find_if(counts_, is_there) - counts_.begin());
}

std::size_t size_counts::most() const
{
    auto const descending = std::views::reverse(counts_);
    return static_cast<std::size_t>(descending.end() - std::ranges::find_if(descending, is_there)) -
           1;
}

double loss::share() const
{
    return capacity == 0
               ? 0
               : static_cast<double>(capacity - requested) / static_cast<double>(capacity);
}

loss loss_of(std::span<std::size_t const> buckets, size_counts const& sizes)
{
    loss sum;
    for (std::size_t size = 0; size <= largest_size; ++size) {
        if (auto const packets = sizes.of(size); packets > 0) {
            sum.requested += size * packets;
            sum.capacity += capacity_for(buckets, size) * packets;
        }
    }
    return sum;
}

std::size_t worst_loss(std::span<std::size_t const> buckets, std::size_t least, std::size_t most)
{
    auto worst = capacity_for(buckets, least) - least;
    for (auto const bucket : buckets) { // the worst size is one above a bucket
        if (auto const size = bucket + 1; least <= size && size <= most) {
            worst = std::max(worst, capacity_for(buckets, size) - size);
        }
    }
    return worst;
}

std::size_t bucket_of(std::span<std::size_t const> buckets, std::size_t size)
{
    return static_cast<std::size_t>(std::ranges::lower_bound(buckets, size) - buckets.begin());
}

} // namespace fit
