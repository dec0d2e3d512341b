// The values of pools, and their memory.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "referee.hpp"
#include "threads.hpp"

namespace fuzz {

void referee::check_pools() const
{
    auto const buckets = of_.rules.buckets.size();
    std::array<amount, 8> found;
    for (std::size_t pool = 0; pool < pool_count; ++pool) {
        if (!model_.exists(pool)) {
            continue;
        }
        if (of_.rules.counts) {
            auto const seen = subject_->counted(pool);
            check_rows("statistics", model_.counted(pool, seen), seen);
        }
        // A use by the owner would bind the pool.
        if (of_.rules.has_owner && model_.has_core(pool) && !model_.is_bound(pool)) {
            continue;
        }
        run_on(model_.user(pool),
               [&] { subject_->idle(pool, std::span(found).first(buckets + 1)); });
        for (std::size_t i = 0; i < buckets; ++i) {
            auto const expected = model_.idle(pool, i);
            expect("idle packets of a bucket", expected.count, found.at(i).count);
            expect("idle bytes of a bucket", expected.bytes, found.at(i).bytes);
        }
        auto const expected = model_.idle(pool);
        expect("idle packets", expected.count, found.at(buckets).count);
        expect("idle bytes", expected.bytes, found.at(buckets).bytes);
        // outstanding() takes the packets of the lists; see remember().
        if (of_.rules.hardened() && !of_.rules.has_owner) {
            check_call_sites(pool);
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

/// Most packets first; the order of equal counts is not checked.
void referee::check_call_sites(std::size_t pool) const
{
    std::vector<call_site_packets> found;
    run_on(model_.user(pool), [&] { found = subject_->recorded(pool); });
    if (!std::ranges::is_sorted(found, std::greater{}, &call_site_packets::count)) {
        mismatch("call sites", "most packets first", "another order");
    }
    auto expected = model_.recorded(pool);
    for (auto& each : expected) {
        each.bucket = bucket_shown(each.bucket);
    }
    std::ranges::sort(found);
    std::ranges::sort(expected);
    if (found != expected) {
        auto const text = [](std::vector<call_site_packets> const& rows) {
            std::string line;
            for (auto const& [call_site, bucket, count] : rows) {
                line += std::to_string(count) + " of bucket " + std::to_string(bucket) +
                        " at call site " + std::to_string(call_site) + "; ";
            }
            return line;
        };
        mismatch("call sites", text(expected), text(found));
    }
}

void referee::check_memory() const
{
    for (std::size_t source = 0; source < 2; ++source) {
        auto const expected = model_.packets_of(source);
        auto found = meter_.resource(source).live();
        if (!of_.rules.takes_resource && source == 0) {
            found = meter_.heap_packets();
        }
        expect("packets in memory", expected.count, found.count);
        expect("bytes of packets in memory", expected.bytes, found.bytes);
    }
    auto const blocks = meter_.other_blocks();
    if (blocks < model_.fewest_blocks() || blocks > model_.most_blocks()) {
        mismatch("other blocks",
                 std::to_string(model_.fewest_blocks()) + " to " +
                     std::to_string(model_.most_blocks()),
                 std::to_string(blocks));
    }
    if (of_.rules.metadata_is_watched) {
        expect("references of metadata", model_.outstanding(), watched.owned);
        expect("metadata of outstanding packets", model_.outstanding(), watched.alive);
    }
}

void referee::check_complaint()
{
    if (auto const text = model_.complaint(); !text.empty()) {
        mismatch(text, "as documented", "not so");
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
