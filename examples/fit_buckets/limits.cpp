#include "limits.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "sizes.hpp"

namespace fit {

namespace {

/// The packets of each bucket, and the peak of each window.
class outstanding_counts {
public:
    outstanding_counts(std::span<std::size_t const> buckets)
        : buckets_(buckets), now_(buckets.size()), most_(buckets.size()), peaks_(buckets.size())
    {
    }

    void play(packet_trace const& trace)
    {
        std::vector<std::size_t> slots(trace.slots); // the bucket of each
        for (auto const& record : trace.records) {
            switch (record.op) {
            case trace_record::operation::acquire: {
                auto const bucket = bucket_of(buckets_, record.size);
                slots[record.slot] = bucket;
                most_[bucket] = std::max(most_[bucket], ++now_[bucket]);
                break;
            }
            case trace_record::operation::release:
            case trace_record::operation::drop:
                --now_[slots[record.slot]];
                break;
            case trace_record::operation::decay:
                end_window();
                break;
            }
        }
        end_window();
        std::ranges::fill(now_, 0);
        std::ranges::fill(most_, 0);
    }

    std::vector<std::size_t> at(double percentile)
    {
        std::vector<std::size_t> result(peaks_.size());
        std::ranges::transform(peaks_, result.begin(), [&](auto& peaks) {
            return std::clamp<std::size_t>(nearest_rank(peaks, percentile), 1, largest_limit);
        });
        return result;
    }

private:
    void end_window()
    {
        if (std::ranges::all_of(most_, [](auto count) { return count == 0; })) {
            return;
        }
        for (std::size_t i = 0; i < now_.size(); ++i) {
            peaks_[i].push_back(most_[i]);
            most_[i] = now_[i];
        }
    }

    static std::uint32_t nearest_rank(std::vector<std::uint32_t>& peaks, double percentile)
    {
        auto const rank =
            std::ceil(percentile / 100 * static_cast<double>(peaks.size())); // 1 is the least
        auto const at = peaks.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
        std::ranges::nth_element(peaks, at);
        return *at;
    }

    std::span<std::size_t const> buckets_;
    std::vector<std::uint32_t> now_;
    std::vector<std::uint32_t> most_; ///< since the last decay
    std::vector<std::vector<std::uint32_t>> peaks_;
};

} // namespace

std::vector<std::size_t> limits(std::span<packet_trace const> traces,
                                std::span<std::size_t const> buckets, double percentile)
{
    outstanding_counts counts(buckets);
    for (auto const& trace : traces) {
        counts.play(trace);
    }
    return counts.at(percentile);
}

} // namespace fit
