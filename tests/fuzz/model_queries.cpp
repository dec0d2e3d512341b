// The expected values of the model.
#include <algorithm>
#include <cstddef>
#include <vector>

#include "model.hpp"

namespace fuzz {

namespace {

constexpr std::size_t no_ceiling = std::size_t{1} << 31; // demand_tracked: packets of a bucket
constexpr std::size_t blocks_of_ring = 2;
constexpr std::size_t most_rings = 12; // of a slab of a script

} // namespace

std::size_t model::bucket_of(std::size_t size) const
{
    std::size_t bucket = 0;
    while (bucket < rules_.buckets.size() && rules_.buckets[bucket].size < size) {
        ++bucket;
    }
    return bucket;
}

std::size_t model::capacity_for(std::size_t size) const
{
    auto const bucket = bucket_of(size);
    return bucket == rules_.buckets.size() ? size : rules_.buckets[bucket].size;
}

std::vector<idle_packet> const& model::idle_for(std::size_t pool, std::size_t size) const
{
    return core_of(pool).slabs.at(bucket_of(size)).idle;
}

std::size_t model::most_idle(std::size_t pool, std::size_t size) const
{
    auto const bucket = bucket_of(size);
    std::size_t others = 0;
    for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
        others += i == bucket ? 0 : kept_of(core_of(pool).slabs[i], i) * bytes(i);
    }
    auto const ceiling = rules_.tracks_demand ? no_ceiling : rules_.buckets[bucket].limit;
    return std::min(ceiling, (rules_.most_idle_bytes - others) / bytes(bucket));
}

bool model::is_idle(void const* packet) const
{
    auto const is_there = [&](idle_packet const& each) { return each.at.packet == packet; };
    return std::ranges::any_of(cores_, [&](core const& each_core) {
        return std::ranges::any_of(each_core.slabs, [&](slab const& each) {
            return std::ranges::any_of(each.idle, is_there);
        });
    });
}

bool model::is_live(void const* packet) const
{
    auto const is_there = [&](auto const& each) { return each && each->at.packet == packet; };
    return std::ranges::any_of(slots_, is_there) || is_idle(packet);
}

std::size_t model::bytes(std::size_t bucket) const
{
    return rules_.packet_bytes(rules_.buckets[bucket].size);
}

std::size_t model::idle_bytes(core const& of) const
{
    std::size_t sum = 0;
    for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
        sum += of.slabs[i].idle.size() * bytes(i);
    }
    return sum;
}

amount model::idle(std::size_t pool, std::size_t bucket) const
{
    auto const count = core_of(pool).slabs[bucket].idle.size();
    return {.count = count, .bytes = count * bytes(bucket)};
}

amount model::idle(std::size_t pool) const
{
    amount sum{.count = 0, .bytes = idle_bytes(core_of(pool))};
    for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
        sum.count += core_of(pool).slabs[i].idle.size();
    }
    return sum;
}

/// Above the largest bucket there are no idle packets, and no capacity.
counters model::row(core const& of, std::size_t bucket) const
{
    auto const& slab = of.slabs[bucket];
    auto row = slab.count;
    if (bucket < rules_.buckets.size()) {
        row.capacity = rules_.buckets[bucket].size;
        row.idle = slab.idle.size();
        row.idle_bytes = slab.idle.size() * bytes(bucket);
    }
    return row;
}

counted_rows model::counted(std::size_t pool, counted_rows const& found) const
{
    core const& of = core_of(pool);
    counted_rows rows;
    counters sum;
    for (std::size_t bucket = 0; bucket < of.slabs.size(); ++bucket) {
        rows.push_back(row(of, bucket));
        if (rules_.has_owner) {
            settle(rows.back(), of.slabs[bucket], bucket, found.at(bucket));
        }
        for (auto const& field : counters_fields) {
            sum.*field.value += rows.back().*field.value;
        }
    }
    sum.capacity = 0;
    // Not the sum: the buckets had their peaks at different moments.
    sum.most_outstanding = of.most_outstanding;
    if (rules_.has_owner) {
        sum.most_outstanding = std::clamp(found.back().most_outstanding, of.most_outstanding,
                                          std::max(of.most_outstanding, of.most_seen));
    }
    rows.push_back(sum);
    return rows;
}

counted_rows model::counted_since(std::size_t pool, counted_rows const& found)
{
    auto const now = counted(pool, found);
    auto since = now;
    auto& earlier = core_of(pool).remembered;
    for (std::size_t i = 0; i < earlier.size(); ++i) {
        for (auto const& field : counters_fields) {
            since[i].*field.value -= field.grows ? earlier[i].*field.value : 0;
        }
    }
    earlier = now;
    return since;
}

std::vector<call_site_packets> model::recorded(std::size_t pool) const
{
    std::vector<call_site_packets> result;
    for (auto const& packet : slots_) {
        if (!packet || packet->from != pools_.at(pool) || !packet->is_recorded) {
            continue;
        }
        auto const same = std::ranges::find_if(result, [&](call_site_packets const& each) {
            return each.call_site == packet->call_site && each.bucket == packet->bucket;
        });
        if (same != result.end()) {
            ++same->count;
        } else {
            result.push_back(
                {.call_site = packet->call_site, .bucket = packet->bucket, .count = 1});
        }
    }
    return result;
}

std::size_t model::source_of(std::size_t pool) const
{
    return core_of(pool).source;
}

std::size_t model::fewest_blocks() const
{
    std::size_t blocks = 0;
    for (core const& each_core : cores_) {
        blocks += rules_.slabs_on_heap && each_core.built ? 1 : 0;
        for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
            auto const& count = each_core.slabs[i].count;
            bool const was_used = count.misses + count.reserved > 0;
            blocks += rules_.tracks_demand && was_used ? 1 : 0;
            blocks += rules_.has_owner && each_core.has_pool && was_used ? blocks_of_ring : 0;
        }
    }
    return blocks;
}

std::size_t model::most_blocks() const
{
    std::size_t blocks = 0;
    for (core const& each_core : cores_) {
        if (rules_.slabs_on_heap && each_core.built) {
            blocks += 1 + (rules_.tracks_demand ? rules_.buckets.size() : 0);
            blocks += rules_.has_owner ? blocks_of_ring * most_rings * each_core.slabs.size() : 0;
        }
    }
    return blocks;
}

} // namespace fuzz
