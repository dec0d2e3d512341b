// What pools show of themselves, and the memory that they hold.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "referee.hpp"

namespace fuzz {

void referee::check_pools() const
{
    auto const buckets = of_.rules.buckets.size();
    std::array<amount, 8> found;
    for (std::size_t pool = 0; pool < pool_count; ++pool) {
        if (!model_.exists(pool)) {
            continue;
        }
        subject_->idle(pool, std::span(found).first(buckets + 1));
        for (std::size_t i = 0; i < buckets; ++i) {
            auto const expected = model_.idle(pool, i);
            expect("idle packets of a bucket", expected.count, found.at(i).count);
            expect("idle bytes of a bucket", expected.bytes, found.at(i).bytes);
        }
        auto const expected = model_.idle(pool);
        expect("idle packets", expected.count, found.at(buckets).count);
        expect("idle bytes", expected.bytes, found.at(buckets).bytes);
        if (of_.rules.counts) {
            check_rows("statistics", model_.counted(pool), subject_->counted(pool));
        }
        if (of_.rules.hardened()) {
            check_places(pool);
        }
    }
}

void referee::check_rows(std::string_view what, counted_rows const& expected,
                         counted_rows const& found) const
{
    expect("rows of the statistics", expected.size(), found.size());
    for (std::size_t row = 0; row < found.size(); ++row) {
        for (auto const& field : counters_fields) {
            if (found[row].*field.value != expected[row].*field.value) {
                mismatch(std::string(what) + ", " + std::string(field.name) + " of row " +
                             std::to_string(row),
                         std::to_string(expected[row].*field.value),
                         std::to_string(found[row].*field.value));
            }
        }
    }
}

/// Most packets first; the order of others does not matter.
void referee::check_places(std::size_t pool) const
{
    auto found = subject_->recorded(pool);
    if (!std::ranges::is_sorted(found, std::greater{}, &placed::count)) {
        mismatch("places of packets", "most packets first", "another order");
    }
    auto expected = model_.recorded(pool);
    for (auto& each : expected) {
        each.bucket = bucket_shown(each.bucket);
    }
    std::ranges::sort(found);
    std::ranges::sort(expected);
    if (found != expected) {
        auto const text = [](std::vector<placed> const& rows) {
            std::string line;
            for (auto const& [place, bucket, count] : rows) {
                line += std::to_string(count) + " of bucket " + std::to_string(bucket) +
                        " at place " + std::to_string(place) + "; ";
            }
            return line;
        };
        mismatch("places of packets", text(expected), text(found));
    }
}

void referee::check_memory() const
{
    for (std::size_t source = 0; source < 2; ++source) {
        auto const expected = model_.packets_of(source);
        auto found = ledger_.resource(source).live();
        if (!of_.rules.takes_resource && source == 0) {
            found = ledger_.heap_packets();
        }
        expect("packets in memory", expected.count, found.count);
        expect("bytes of packets in memory", expected.bytes, found.bytes);
    }
    auto const blocks = ledger_.other_blocks();
    if (blocks < model_.fewest_blocks() || blocks > model_.most_blocks()) {
        mismatch("other blocks",
                 std::to_string(model_.fewest_blocks()) + " to " +
                     std::to_string(model_.most_blocks()),
                 std::to_string(blocks));
    }
    if (of_.rules.metadata_is_watched) {
        expect("what metadata owns", model_.outstanding(), watched.owned);
        expect("metadata of packets that are out", model_.outstanding(), watched.alive);
    }
}

void referee::mismatch(std::string_view what, std::string const& expected,
                       std::string const& found) const
{
    std::fprintf(stderr, "fuzz: operation %zu (%s): %.*s: expected %s, found %s\n  of %.*s\n",
                 operations_, to_string(current_).c_str(), static_cast<int>(what.size()),
                 what.data(), expected.c_str(), found.c_str(), static_cast<int>(of_.name.size()),
                 of_.name.data());
    std::abort();
}

} // namespace fuzz
