#include "optimal_buckets.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include "sizes.hpp"

namespace {

using sizes_of_buckets = std::vector<std::size_t>;

constexpr std::size_t below_all = 200; // of the sizes in the comparison with all choices

std::uint64_t capacity_of(sizes_of_buckets const& buckets, fit::size_counts const& sizes)
{
    std::uint64_t sum = 0;
    std::size_t bucket = 0;
    for (std::size_t size = 0; size < below_all; ++size) {
        bucket += bucket < buckets.size() && size > buckets[bucket] ? 1U : 0U;
        sum += sizes.of(size) * (bucket < buckets.size() ? buckets[bucket] : 0);
    }
    return sum;
}

/// By number of buckets: the best of all ways to choose at most so many of `from`; the largest is
/// always one of them.
std::vector<std::uint64_t> least_capacities(sizes_of_buckets const& from,
                                            fit::size_counts const& sizes)
{
    std::vector<std::uint64_t> best(from.size() + 1, std::numeric_limits<std::uint64_t>::max());
    for (unsigned chosen = 0; chosen < 1U << (from.size() - 1); ++chosen) {
        sizes_of_buckets buckets;
        for (std::size_t i = 0; i + 1 < from.size(); ++i) {
            if ((chosen >> i & 1U) != 0) {
                buckets.push_back(from[i]);
            }
        }
        buckets.push_back(from.back());
        auto& least = best[buckets.size()];
        least = std::min(least, capacity_of(buckets, sizes));
    }
    std::partial_sum(best.begin(), best.end(), best.begin(),
                     [](auto a, auto b) { return std::min(a, b); });
    return best;
}

fit::size_counts counts_of(std::initializer_list<std::size_t> sizes)
{
    fit::size_counts result;
    for (auto const size : sizes) {
        result.add(size, 1);
    }
    return result;
}

} // namespace

TEST_CASE("optimal buckets: as good as the best of all choices, for each number of buckets")
{
    std::mt19937 random(1); // NOLINT(bugprone-random-generator-seed): the same numbers each time
    for (int round = 0; round < 100; ++round) {
        auto const below = [&](std::size_t bound) { return random() % bound; };
        std::size_t const align = round % 3 == 0 ? 1 : 1 + below(20);
        std::size_t const at_least = round % 2 == 0 ? 0 : below(150);
        fit::size_counts sizes;
        sizes_of_buckets candidates; // each size rounded up, and the ceiling
        for (std::size_t i = 0, different = 1 + below(8); i < different; ++i) {
            sizes.add(below(100), 1 + below(round % 5 == 0 ? 1'000'000 : 5));
        }
        for (std::size_t size = 0; size < below_all; ++size) {
            if (sizes.of(size) > 0 || size == at_least) {
                auto const up = (std::max<std::size_t>(size, 1) + align - 1) / align * align;
                if (candidates.empty() || candidates.back() != up) {
                    candidates.push_back(up);
                }
            }
        }
        auto const least = least_capacities(candidates, sizes);
        fit::optimal_buckets best(sizes, {.align = align, .at_least = at_least});
        for (std::size_t count = 1; count <= candidates.size(); ++count) {
            auto const buckets = best.buckets();
            CAPTURE(round);
            REQUIRE(buckets.size() <= count);
            CHECK(std::ranges::is_sorted(buckets, std::ranges::less_equal{}));
            CHECK(buckets.back() >= std::max(at_least, sizes.most()));
            for (auto const each : buckets) {
                CHECK(each % align == 0);
            }
            auto const lost = best.lost();
            CHECK(lost.capacity == capacity_of(buckets, sizes));
            CHECK(lost.requested == fit::loss_of(buckets, sizes).requested);
            CHECK(lost.capacity == least[count]);
            best.add_bucket();
        }
        CHECK_FALSE(best.add_bucket());
    }
}

TEST_CASE("optimal buckets: known answers, and the ends of the range")
{
    auto const best_of = [](fit::size_counts const& sizes, std::size_t count,
                            fit::bucket_rules rules = {}) {
        fit::optimal_buckets best(sizes, rules);
        while (best.buckets().size() < count && best.add_bucket()) {}
        return best.buckets();
    };
    CHECK(best_of(counts_of({10, 11, 100, 101}), 2) == sizes_of_buckets{11, 101});
    CHECK(best_of(counts_of({10, 10, 10, 10, 11, 20}), 2) == sizes_of_buckets{11, 20});
    CHECK(best_of(counts_of({100}), 1, {.at_least = 1472}) == sizes_of_buckets{1472});
    CHECK(best_of(counts_of({100}), 2, {.at_least = 1472}) == sizes_of_buckets{100, 1472});
    CHECK(best_of(counts_of({100}), 5, {.align = 16, .at_least = 1472}) ==
          sizes_of_buckets{112, 1472});
    CHECK(best_of(counts_of({0}), 3) == sizes_of_buckets{1});
    CHECK(best_of(counts_of({0, 65535}), 3) == sizes_of_buckets{1, 65535});
    CHECK(best_of(counts_of({1, 65530, 65535}), 9, {.align = 16}) == sizes_of_buckets{16, 65535});
}

TEST_CASE("optimal buckets: of all sizes that there are")
{
    fit::size_counts sizes;
    for (std::size_t size = 0; size <= fit::largest_size; ++size) {
        sizes.add(size, 1 + size % 7);
    }
    fit::optimal_buckets best(sizes, {});
    auto before = best.lost().capacity;
    for (int i = 0; i < 7; ++i) {
        REQUIRE(best.add_bucket());
        CHECK(best.lost().capacity < before);
        before = best.lost().capacity;
    }
    auto const buckets = best.buckets();
    CHECK(fit::loss_of(buckets, sizes).capacity == before);
    // Equal packets of each size: equal steps, as near as sizes can be.
    for (std::size_t i = 1; i <= buckets.size(); ++i) {
        CHECK(buckets[i - 1] == doctest::Approx(8192.0 * static_cast<double>(i)).epsilon(0.01));
    }
}
