#include "model.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace fuzz {

namespace {

constexpr std::size_t most_freed = 512; // demand_tracked: packets per bucket and decay

} // namespace

void model::create(std::size_t pool, std::size_t source)
{
    core& fresh = cores_.emplace_back();
    fresh.source = source;
    fresh.user = rules_.has_owner && pool == 1 ? 1 : 0;
    fresh.slabs.resize(rules_.buckets.size() + 1);
    pools_.at(pool) = &fresh;
}

void model::close(core& of)
{
    of.has_pool = false;
    if (rules_.has_owner) {
        free_all(of);
    }
    for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
        free_oldest(of, i, of.slabs[i].idle.size());
    }
    forget_empty();
}

/// A core without a pool is deleted with the last of its packets.
void model::forget_empty()
{
    cores_.remove_if([](core const& each) {
        return !each.has_pool && std::ranges::all_of(each.slabs, [](slab const& s) {
            return s.count.outstanding == 0;
        });
    });
}

void model::destroy(std::size_t pool)
{
    close(core_of(pool));
    pools_.at(pool) = nullptr;
}

void model::move_construct(std::size_t to, std::size_t from)
{
    auto const source = source_of(from);
    pools_.at(to) = pools_.at(from);
    core_of(to).owner.reset();
    create(from, source);
}

void model::move_assign(std::size_t to, std::size_t from)
{
    if (to != from) {
        destroy(to);
        move_construct(to, from);
    }
}

void model::acquire(std::size_t pool, std::size_t size, std::size_t slot, std::size_t call_site,
                    location const& at)
{
    auto const bucket = bucket_of(size);
    core& from = core_of(pool);
    auto& slab = from.slabs[bucket];
    if (rules_.has_owner) {
        fetch(from, bucket, capacity_for(size), at.packet);
    } else if (slab.idle.empty()) {
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
    if (rules_.has_owner) {
        note_most_seen(from, bucket);
    }

    auto const one_in = rules_.call_sites_one_in;
    outstanding_packet const fresh{.at = at,
                                   .from = &from,
                                   .bucket = bucket,
                                   .capacity = capacity_for(size),
                                   .call_site = call_site,
                                   .is_recorded = one_in > 0 && from.acquired % one_in == 0,
                                   .holds = {.requested = size}};
    ++from.acquired;
    if (slots_.at(slot)) {
        drop(slot);
    }
    slots_.at(slot) = fresh;
}

void model::release(std::size_t pool, std::size_t slot)
{
    if (auto const packet = slots_.at(slot); packet && rules_.has_owner) {
        give_back(*packet, false);
        leave(slot, false);
    } else if (packet) {
        // A handle whose drops reach the pool returns to its own pool; others go where they are
        // released.
        put(rules_.drops_reach_pool ? *packet->from : core_of(pool), *packet);
        leave(slot, false);
    }
}

void model::drop(std::size_t slot)
{
    if (auto const packet = slots_.at(slot); packet && rules_.has_owner) {
        give_back(*packet, true);
        leave(slot, false); // the drop is counted already
    } else if (packet) {
        if (rules_.returns_dropped) {
            put(*packet->from, *packet);
        } else {
            freed(*packet->from, packet->capacity);
            ++packet->from->slabs[packet->bucket].count.freed;
        }
        leave(slot, true);
    }
}

void model::shrink(std::size_t pool, std::size_t slot, std::size_t call_site, location const& at)
{
    auto const large = std::exchange(slots_.at(slot), std::nullopt);
    auto const needed = large->holds.needed();
    acquire(pool, needed, slot, call_site, at);
    auto& now = inside(slot);
    now = large->holds;
    now.requested = needed;
    now.wrote = part(now.wrote, now.begin, now.end()); // no other bytes are copied
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

void model::put(core& into, outstanding_packet const& packet)
{
    auto& slab = into.slabs[packet.bucket];
    bool const ours = into.has_pool && packet.from->source == into.source;
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
    core& of = core_of(pool);
    auto& slab = of.slabs[bucket_of(size)];
    if (rules_.has_owner) {
        take_all(pool);
        for (auto const* const packet : changes_.made) {
            expect(slab.idle.size() < packets, "a reserve made too many packets");
            slab.idle.push_back({.at = {.packet = packet},
                                 .wrote = {},
                                 .since = now_,
                                 .until = now_,
                                 .capacity = capacity_for(size)});
            made(of, capacity_for(size));
            ++slab.count.reserved;
        }
        changes_.made.clear();
        expect(slab.idle.size() >= packets, "a reserve made too few packets");
    }
    while (slab.idle.size() < packets) {
        slab.idle.push_back({});
        made(of, capacity_for(size));
        ++slab.count.reserved;
    }
}

/// demand_tracked: idle and outstanding packets together stay at the mark, which follows the peak.
std::size_t model::surplus(slab& of, std::size_t idle, std::size_t limit)
{
    auto const total = idle + of.count.outstanding;
    auto const half = (of.mark + 1) / 2; // a decay lowers the mark at most by half
    of.mark = std::max({of.peak, half, limit});
    auto const above = total > of.mark ? total - of.mark : 0;
    auto const surplus = std::min(above, most_freed);
    of.mark = std::max(of.mark, total - surplus);
    return surplus;
}

std::size_t model::decayed(slab& of, std::size_t bucket, std::size_t idle)
{
    auto const packets = rules_.tracks_demand ? surplus(of, idle, rules_.buckets[bucket].limit)
                                              : std::min<std::size_t>(idle, 1);
    of.count.decayed += packets;
    of.peak = of.count.outstanding;
    return packets;
}

void model::decay(std::size_t pool)
{
    core& of = core_of(pool);
    if (rules_.has_owner) {
        take_and_free(of, [&](slab& each, std::size_t bucket, std::size_t idle) {
            return decayed(each, bucket, idle);
        });
        return;
    }
    for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
        free_oldest(of, i, decayed(of.slabs[i], i, of.slabs[i].idle.size()));
    }
}

void model::trim(std::size_t pool)
{
    core& of = core_of(pool);
    if (rules_.has_owner) {
        take_and_free(of, [](slab& each, std::size_t, std::size_t idle) {
            each.count.trimmed += idle;
            return idle;
        });
        return;
    }
    for (std::size_t i = 0; i < rules_.buckets.size(); ++i) {
        of.slabs[i].count.trimmed += of.slabs[i].idle.size();
        free_oldest(of, i, of.slabs[i].idle.size());
    }
}

void model::free_oldest(core& of, std::size_t bucket, std::size_t packets)
{
    auto& idle = of.slabs[bucket].idle;
    idle.erase(idle.begin(), idle.begin() + static_cast<std::ptrdiff_t>(packets));
    for (; packets > 0; --packets) {
        freed(of, rules_.buckets[bucket].size);
    }
}

void model::made(core const& of, std::size_t capacity)
{
    memory_.at(of.source).count += 1;
    memory_.at(of.source).bytes += rules_.packet_bytes(capacity);
}

void model::freed(core const& of, std::size_t capacity)
{
    memory_.at(of.source).count -= 1;
    memory_.at(of.source).bytes -= rules_.packet_bytes(capacity);
}

} // namespace fuzz
