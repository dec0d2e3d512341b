// single_owner: packets that other threads give back wait on the list of their slab. A pool may
// take them at an acquire, and takes all in decay(), trim() and reserve(). Until then the model
// does not know where they are, only what may happen to them.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "model.hpp"

namespace fuzz {

namespace {

/// The owner takes at least so many packets at once, if there are as many.
constexpr std::size_t taken_at_once = 64;

std::size_t staying(std::vector<idle_packet> const& idle)
{
    return static_cast<std::size_t>(std::ranges::count_if(idle, &idle_packet::stays));
}
/// Packets that are not on the list.
std::size_t taken(std::vector<idle_packet> const& idle)
{
    return idle.size() -
           static_cast<std::size_t>(std::ranges::count_if(idle, &idle_packet::may_wait));
}

} // namespace

void model::expect(bool holds, std::string_view what)
{
    if (!holds && complaint_.empty()) {
        complaint_ = what;
    }
}

void model::observe(std::size_t thread, packet_changes changes)
{
    ++now_;
    thread_ = thread;
    changes_ = std::move(changes);
    refused_now_ = 0;
    takes_later_ = nullptr;
}

std::string_view model::complaint()
{
    check_refused();
    expect(changes_.freed.empty(), "a packet was freed that should have been kept");
    expect(changes_.made.empty(), "a packet was made that nobody asked for");
    return complaint_;
}

void model::detach(std::size_t pool, std::size_t next_user)
{
    core_of(pool).owner.reset();
    core_of(pool).user = next_user;
}

std::size_t model::limit(std::size_t bucket) const
{
    return !is_bucket(bucket)     ? 0
           : rules_.tracks_demand ? idle_packet::unknown
                                  : rules_.buckets[bucket].limit;
}

std::size_t model::kept_of(slab const& of, std::size_t bucket) const
{
    return std::min(limit(bucket), staying(of.idle));
}

void model::give_back(outstanding_packet const& packet, bool dropped)
{
    core& home = *packet.from;
    auto& slab = home.slabs[packet.bucket];
    bool const stays = is_bucket(packet.bucket) && (!dropped || rules_.returns_dropped);
    bool const local = home.owner == thread_;
    // The owner has a list of the outstanding packets of a hardened pool.
    bool const owner_frees = !local && rules_.hardened();
    bool const has_room = !local || taken(slab.idle) < limit(packet.bucket);
    bool const must_have_room = !local || slab.idle.size() < limit(packet.bucket);
    if (!home.has_pool) {
        expect(changes_.freed.erase(packet.at.packet) > 0,
               "a packet that outlives its pool was not freed");
        freed(home, packet.capacity);
        return;
    }
    slab.count.remote += local ? 0 : 1;
    bool const has_space = is_bucket(packet.bucket) &&
                           idle_bytes(home) + bytes(packet.bucket) <= rules_.most_idle_bytes;
    // The same call may take it from the list and free it then, see take_refused().
    bool const is_listed = &home == takes_later_ && !local && (owner_frees || (stays && has_space));
    if (!is_listed && changes_.freed.erase(packet.at.packet) > 0) {
        freed(home, packet.capacity);
        expect(!owner_frees, "another thread freed a hardened packet");
        if (stays && must_have_room) {
            refused_.push_back({.by = &home, .bucket = packet.bucket});
        }
        slab.maybe_hits += &home == takes_later_ && local && stays ? 1 : 0; // see take_refused()
        (local ? slab.count.freed : slab.unseen) += 1;
        (local ? slab.count.drops : slab.unseen_drops) += dropped ? 1 : 0;
        return;
    }
    expect(owner_frees || stays, "a packet was kept that should have been freed");
    expect(has_room, "a packet was kept above the limit of its bucket");
    slab.idle.push_back({.at = packet.at,
                         .wrote = packet.holds.wrote,
                         .since = now_,
                         .until = local ? now_ : idle_packet::unknown,
                         .capacity = packet.capacity,
                         .stays = stays && limit(packet.bucket) > 0,
                         .dropped = dropped});
    expect(owner_frees || idle_bytes(home) <= rules_.most_idle_bytes,
           "a packet was kept above max_idle_bytes");
    slab.count.kept += local ? 1 : 0;
    slab.count.drops += local && dropped ? 1 : 0;
}

void model::check_refused()
{
    for (auto const& [by, bucket] : refused_) {
        expect(idle_bytes(*by) + bytes(bucket) > rules_.most_idle_bytes,
               "a packet was freed although there is room for it");
    }
    refused_.clear();
}

void model::take_refused(std::size_t pool, bool failed)
{
    core& of = core_of(pool);
    for (std::size_t i = 0; i < of.slabs.size(); ++i) {
        auto& slab = of.slabs[i];
        std::size_t stayed = 0;
        std::erase_if(slab.idle, [&](idle_packet& each) {
            if (failed && each.may_wait()) {
                each.since = 0; // it may be below the packets that were put back
            }
            if ((!each.may_wait() && !failed) || changes_.freed.erase(each.at.packet) == 0) {
                return false;
            }
            ++refused_now_;
            stayed += each.stays ? 1 : 0;
            freed(of, each.capacity);
            ++slab.count.freed;
            if (each.may_wait()) {
                ++slab.count.drained;
                slab.count.drops += each.dropped ? 1 : 0;
                slab.maybe_hits += failed ? 1 : 0;
            } else {
                ++slab.count.hits;
            }
            return true;
        });
        expect(stayed == 0 || staying(slab.idle) >= limit(i),
               "a packet of the list was freed although its slab has room");
    }
}

/// An acquire: a hit is any packet of the list, or the newest one of the slab.
void model::fetch(core& from, std::size_t bucket, std::size_t capacity, void const* packet)
{
    auto& idle = from.slabs[bucket].idle;
    auto& count = from.slabs[bucket].count;
    if (changes_.made.erase(packet) > 0) {
        expect(taken(idle) == 0, "a miss while packets are idle");
        expect(staying(idle) == 0 || refused_now_ >= taken_at_once,
               "a miss while packets are on the list");
        ++count.misses;
        made(from, capacity);
        return;
    }
    auto const found =
        std::ranges::find(idle, packet, [](idle_packet const& each) { return each.at.packet; });
    if (found == idle.end()) {
        expect(false, "an acquired packet was neither idle nor made");
        return;
    }
    expect(std::ranges::none_of(idle,
                                [&](idle_packet const& each) {
                                    return !each.may_wait() && each.since > found->until;
                                }),
           "an older packet was acquired than the newest one");
    ++count.hits;
    if (found->may_wait()) {
        ++count.kept;
        ++count.drained;
        count.drops += found->dropped ? 1 : 0;
    }
    idle.erase(found);
}

/// An owner that looks as late as possible takes all of the list for outstanding.
void model::note_most_seen(core& of, std::size_t bucket)
{
    std::size_t unseen = 0;
    for (auto const& each : of.slabs) {
        unseen += each.idle.size() - taken(each.idle) + each.unseen;
    }
    auto& slab = of.slabs[bucket];
    slab.most_seen = std::max(slab.most_seen, slab.count.outstanding + slab.idle.size() -
                                                  taken(slab.idle) + slab.unseen);
    of.most_seen = std::max(of.most_seen, of.outstanding + unseen);
}

/// The owner takes all packets, and then frees `surplus` of those that are idle, the oldest first.
void model::take_and_free(core& of, surplus_of const& surplus)
{
    for (std::size_t i = 0; i < of.slabs.size(); ++i) {
        auto& slab = of.slabs[i];
        auto const idle = kept_of(slab, i);
        auto const refused = slab.idle.size() - idle;
        auto const waiting = slab.idle.size() - taken(slab.idle);
        slab.count.kept += waiting - refused;
        slab.count.freed += refused + slab.unseen;
        slab.count.drained += waiting + slab.unseen;
        slab.count.drops += std::exchange(slab.unseen_drops, 0);
        slab.unseen = 0;

        auto const packets = refused + (is_bucket(i) ? surplus(slab, i, idle) : 0);
        std::size_t gone = 0;
        std::size_t newest_gone = 0; // no earlier than that
        std::erase_if(slab.idle, [&](idle_packet& each) {
            slab.count.drops += each.may_wait() && each.dropped ? 1 : 0;
            each.until = std::min(each.until, now_);
            if (changes_.freed.erase(each.at.packet) == 0) {
                return false;
            }
            ++gone;
            newest_gone = std::max(newest_gone, each.since);
            freed(of, each.capacity);
            return true;
        });
        expect(gone == packets, gone < packets ? "fewer packets were freed than documented"
                                               : "more packets were freed than documented");
        expect(staying(slab.idle) == slab.idle.size(), "the owner kept a packet that it frees");
        expect(refused > 0 || std::ranges::all_of(slab.idle,
                                                  [&](idle_packet const& each) {
                                                      return each.until >= newest_gone;
                                                  }),
               "not the oldest packets were freed");
    }
}

void model::take_all(std::size_t pool)
{
    take_and_free(core_of(pool), [](slab&, std::size_t, std::size_t) { return std::size_t{0}; });
}

void model::free_all(core& of)
{
    for (auto& slab : of.slabs) {
        for (auto const& each : slab.idle) {
            expect(changes_.freed.erase(each.at.packet) > 0,
                   "a pool ended, and a packet was not freed");
            freed(of, each.capacity);
        }
        slab.idle.clear();
    }
    of.owner.reset();
}

std::size_t model::sure_hits(std::size_t pool, std::size_t size) const
{
    auto const bucket = bucket_of(size);
    auto const& slab = core_of(pool).slabs[bucket];
    bool const takes_all = slab.idle.size() - taken(slab.idle) <= taken_at_once;
    return takes_all ? kept_of(slab, bucket) : taken(slab.idle);
}

std::optional<idle_packet> model::idle_at(std::size_t pool, std::size_t size,
                                          void const* packet) const
{
    auto const& idle = idle_for(pool, size);
    auto const found =
        std::ranges::find(idle, packet, [](idle_packet const& each) { return each.at.packet; });
    return found == idle.end() || changes_.made.contains(packet) ? std::nullopt
                                                                 : std::optional(*found);
}

/// What the pool says of packets that the owner may or may not have taken, within the bounds.
void model::settle(counters& row, slab const& of, std::size_t bucket, counters const& found) const
{
    auto const within = [](std::size_t value, std::size_t least, std::size_t more) {
        return std::clamp(value, least, least + more);
    };
    auto const waiting = of.idle.size() - taken(of.idle);
    auto const dropped = static_cast<std::size_t>(std::ranges::count_if(
        of.idle, [](idle_packet const& each) { return each.may_wait() && each.dropped; }));
    auto const hits = row.hits;
    row.hits = within(found.hits, row.hits, of.maybe_hits);
    row.kept += row.hits - hits;
    auto const known = row.kept + row.freed;
    row.kept = within(found.kept, row.kept, waiting);
    row.freed = within(found.freed, row.freed, of.unseen);
    auto const more = row.kept + row.freed - known;
    row.drained += more;
    row.drops = within(found.drops, row.drops, std::min(more, dropped + of.unseen_drops));
    row.most_outstanding =
        within(found.most_outstanding, row.most_outstanding, of.most_seen - row.most_outstanding);
    row.idle = row.kept + row.reserved - row.hits - row.decayed - row.trimmed;
    row.idle_bytes = is_bucket(bucket) ? row.idle * bytes(bucket) : 0;
}

} // namespace fuzz
