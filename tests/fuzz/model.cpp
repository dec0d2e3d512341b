#include "model.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace fuzz {

namespace {

constexpr std::size_t most_freed = 512;                  // demand_tracked: of a bucket by a decay
constexpr std::size_t no_ceiling = std::size_t{1} << 31; // demand_tracked: packets of a bucket

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
    return home_of(pool).slabs.at(bucket_of(size)).idle;
}

std::size_t model::room(std::size_t pool, std::size_t size) const
{
    auto const bucket = bucket_of(size);
    auto const others = idle_bytes(home_of(pool)) - idle(pool, bucket).bytes;
    auto const ceiling = rules_.tracks_demand ? no_ceiling : rules_.buckets[bucket].limit;
    return std::min(ceiling, (rules_.most_idle_bytes - others) / bytes(bucket));
}

void model::create(std::size_t pool, std::size_t source)
{
    home& fresh = homes_.emplace_back();
    fresh.source = source;
    fresh.slabs.resize(rules_.buckets.size() + 1);
    pools_.at(pool) = &fresh;
}

void model::close(home& of)
{
    of.open = false;
    for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
        free_oldest(of, i, of.slabs[i].idle.size());
    }
    forget_empty();
}

/// A home that has lost its pool goes with the last of its packets.
void model::forget_empty()
{
    homes_.remove_if([](home const& each) {
        return !each.open && std::ranges::all_of(each.slabs, [](slab const& s) {
            return s.count.outstanding == 0;
        });
    });
}

void model::destroy(std::size_t pool)
{
    close(home_of(pool));
    pools_.at(pool) = nullptr;
}

void model::move_construct(std::size_t to, std::size_t from)
{
    auto const source = source_of(from);
    pools_.at(to) = pools_.at(from);
    create(from, source);
}

void model::move_assign(std::size_t to, std::size_t from)
{
    if (to != from) {
        destroy(to);
        move_construct(to, from);
    }
}

void model::acquire(std::size_t pool, std::size_t size, std::size_t slot, std::size_t place,
                    location const& at)
{
    auto const bucket = bucket_of(size);
    home& from = home_of(pool);
    auto& slab = from.slabs[bucket];
    if (slab.idle.empty()) {
        ++slab.count.misses;
        made(from, capacity_for(size));
    } else {
        ++slab.count.hits;
        slab.idle.pop_back();
    }
    ++slab.count.outstanding;
    slab.peak = std::max(slab.peak, slab.count.outstanding);
    slab.count.most_outstanding = std::max(slab.count.most_outstanding, slab.count.outstanding);
    ++from.outstanding;
    from.most_outstanding = std::max(from.most_outstanding, from.outstanding);
    ++outstanding_;

    auto const one_in = rules_.places_one_in;
    outstanding_packet const fresh{.at = at,
                                   .from = &from,
                                   .bucket = bucket,
                                   .capacity = capacity_for(size),
                                   .place = place,
                                   .is_recorded = one_in > 0 && from.acquired % one_in == 0,
                                   .holds = {.asked = size}};
    ++from.acquired;
    if (slots_.at(slot)) {
        drop(slot);
    }
    slots_.at(slot) = fresh;
}

void model::release(std::size_t pool, std::size_t slot)
{
    if (auto const packet = slots_.at(slot)) {
        // A handle that returns knows its home; any other packet stays where it is released.
        put(rules_.hears_of_drops ? *packet->from : home_of(pool), *packet);
        leave(slot, false);
    }
}

void model::drop(std::size_t slot)
{
    if (auto const packet = slots_.at(slot)) {
        if (rules_.returns_dropped) {
            put(*packet->from, *packet);
        } else {
            freed(*packet->from, packet->capacity);
            ++packet->from->slabs[packet->bucket].count.freed;
        }
        leave(slot, true);
    }
}

void model::shrink(std::size_t pool, std::size_t slot, std::size_t place, location const& at)
{
    auto const large = std::exchange(slots_.at(slot), std::nullopt);
    auto const needed = large->holds.needed();
    acquire(pool, needed, slot, place, at);
    auto& now = inside(slot);
    now = large->holds;
    now.asked = needed;
    now.wrote = part(now.wrote, now.begin, now.end()); // nothing else is copied
    auto const small = std::exchange(slots_.at(slot), large);
    release(pool, slot);
    slots_.at(slot) = small;
}

void model::leave(std::size_t slot, bool dropped)
{
    auto& count = slots_.at(slot)->from->slabs[slots_.at(slot)->bucket].count;
    --count.outstanding;
    --slots_.at(slot)->from->outstanding;
    count.drops += dropped ? 1 : 0;
    slots_.at(slot).reset();
    --outstanding_;
    forget_empty();
}

void model::put(home& into, outstanding_packet const& packet)
{
    auto& slab = into.slabs[packet.bucket];
    bool const ours = into.open && packet.from->source == into.source;
    bool const is_bucket = packet.bucket < rules_.buckets.size();
    if (ours && is_bucket &&
        (rules_.tracks_demand || slab.idle.size() < rules_.buckets[packet.bucket].limit) &&
        idle_bytes(into) + bytes(packet.bucket) <= rules_.most_idle_bytes) {
        slab.idle.push_back({.at = packet.at, .wrote = packet.holds.wrote});
        ++slab.count.kept;
    } else {
        freed(*packet.from, packet.capacity);
        ++slab.count.freed;
    }
}

void model::reserve(std::size_t pool, std::size_t size, std::size_t packets)
{
    home& of = home_of(pool);
    auto& slab = of.slabs[bucket_of(size)];
    while (slab.idle.size() < packets) {
        slab.idle.push_back({});
        made(of, capacity_for(size));
        ++slab.count.reserved;
    }
}

/// demand_tracked: idle and outstanding packets together stay at the mark, which follows the peak.
std::size_t model::surplus(slab& of, std::size_t limit)
{
    auto const total = of.idle.size() + of.count.outstanding;
    auto const half = (of.mark + 1) / 2; // a decay lowers the mark no further
    of.mark = std::max({of.peak, half, limit});
    auto const above = total > of.mark ? total - of.mark : 0;
    auto const surplus = std::min(above, most_freed);
    of.mark = std::max(of.mark, total - surplus);
    return surplus;
}

void model::decay(std::size_t pool)
{
    home& of = home_of(pool);
    for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
        auto& slab = of.slabs[i];
        auto const surplus = rules_.tracks_demand ? model::surplus(slab, rules_.buckets[i].limit)
                                                  : std::min<std::size_t>(slab.idle.size(), 1);
        free_oldest(of, i, surplus);
        slab.count.decayed += surplus;
        slab.peak = slab.count.outstanding;
    }
}

void model::trim(std::size_t pool)
{
    home& of = home_of(pool);
    for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
        of.slabs[i].count.trimmed += of.slabs[i].idle.size();
        free_oldest(of, i, of.slabs[i].idle.size());
    }
}

void model::free_oldest(home& of, std::size_t bucket, std::size_t packets)
{
    auto& idle = of.slabs[bucket].idle;
    idle.erase(idle.begin(), idle.begin() + static_cast<std::ptrdiff_t>(packets));
    for (; packets > 0; --packets) {
        freed(of, rules_.buckets[bucket].size);
    }
}

void model::made(home const& of, std::size_t capacity)
{
    memory_.at(of.source).count += 1;
    memory_.at(of.source).bytes += rules_.packet_bytes(capacity);
}

void model::freed(home const& of, std::size_t capacity)
{
    memory_.at(of.source).count -= 1;
    memory_.at(of.source).bytes -= rules_.packet_bytes(capacity);
}

bool model::is_idle(void const* packet) const
{
    auto const is_there = [&](idle_packet const& each) { return each.at.packet == packet; };
    return std::ranges::any_of(homes_, [&](home const& home) {
        return std::ranges::any_of(
            home.slabs, [&](slab const& each) { return std::ranges::any_of(each.idle, is_there); });
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

std::size_t model::idle_bytes(home const& of) const
{
    std::size_t sum = 0;
    for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
        sum += of.slabs[i].idle.size() * bytes(i);
    }
    return sum;
}

amount model::idle(std::size_t pool, std::size_t bucket) const
{
    auto const count = home_of(pool).slabs[bucket].idle.size();
    return {.count = count, .bytes = count * bytes(bucket)};
}

amount model::idle(std::size_t pool) const
{
    amount sum{.count = 0, .bytes = idle_bytes(home_of(pool))};
    for (auto const& slab : home_of(pool).slabs) {
        sum.count += slab.idle.size();
    }
    return sum;
}

/// Above the largest bucket nothing is idle, and there is no capacity.
counters model::row(home const& of, std::size_t bucket) const
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

counted_rows model::counted(std::size_t pool) const
{
    home const& of = home_of(pool);
    counted_rows rows;
    counters sum;
    for (std::size_t bucket = 0; bucket < of.slabs.size(); ++bucket) {
        rows.push_back(row(of, bucket));
        for (auto const& field : counters_fields) {
            sum.*field.value += rows.back().*field.value;
        }
    }
    sum.capacity = 0;
    sum.most_outstanding = of.most_outstanding; // those of the buckets are of different moments
    rows.push_back(sum);
    return rows;
}

counted_rows model::counted_since(std::size_t pool)
{
    auto const now = counted(pool);
    auto since = now;
    auto& earlier = home_of(pool).remembered;
    for (std::size_t i = 0; i < earlier.size(); ++i) {
        for (auto const& field : counters_fields) {
            since[i].*field.value -= field.grows ? earlier[i].*field.value : 0;
        }
    }
    earlier = now;
    return since;
}

std::vector<placed> model::recorded(std::size_t pool) const
{
    std::vector<placed> result;
    for (auto const& packet : slots_) {
        if (!packet || packet->from != pools_.at(pool) || !packet->is_recorded) {
            continue;
        }
        auto const same = std::ranges::find_if(result, [&](placed const& each) {
            return each.place == packet->place && each.bucket == packet->bucket;
        });
        if (same != result.end()) {
            ++same->count;
        } else {
            result.push_back({.place = packet->place, .bucket = packet->bucket, .count = 1});
        }
    }
    return result;
}

std::size_t model::source_of(std::size_t pool) const
{
    return home_of(pool).source;
}

std::size_t model::fewest_blocks() const
{
    std::size_t blocks = 0;
    for (home const& home : homes_) {
        blocks += rules_.slabs_on_heap && home.built ? 1 : 0;
        for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
            auto const& count = home.slabs[i].count;
            blocks += rules_.tracks_demand && count.misses + count.reserved > 0 ? 1 : 0;
        }
    }
    return blocks;
}

std::size_t model::most_blocks() const
{
    std::size_t blocks = 0;
    for (home const& home : homes_) {
        if (rules_.slabs_on_heap && home.built) {
            blocks += 1 + (rules_.tracks_demand ? rules_.buckets.size() : 0);
        }
    }
    return blocks;
}

} // namespace fuzz
