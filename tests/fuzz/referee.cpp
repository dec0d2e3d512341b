// The operations, and their expected effects.
#include "referee.hpp"

#include <optional>

#include "threads.hpp"

namespace fuzz {

referee::referee(combination const& of) : of_(of), model_(of.rules), subject_(of.make()) {}

std::size_t referee::play(std::span<std::uint8_t const> bytes)
{
    script script(bytes, of_.rules);
    while (auto const next = script.next()) {
        ++operations_;
        current_ = *next;
        play(*next);
        check_complaint();
        check_pools();
        check_memory();
    }
    finish(bytes.size() % 2 == 0);
    return operations_;
}

void referee::play(operation const& next)
{
    need(next.pool);
    switch (next.what) {
    case action::acquire:
    case action::acquire_known:
        acquire(next);
        break;
    case action::acquire_batch:
        acquire_batch(next);
        break;
    case action::acquire_missing:
        acquire_missing(next);
        break;
    case action::release:
        release(next);
        break;
    case action::release_batch:
        release_batch(next);
        break;
    case action::drop:
        drop(slot_for(next, true), next.thread);
        break;
    case action::shrink:
        shrink(next);
        break;
    case action::prepend:
    case action::append:
    case action::trim_start:
    case action::trim_end:
    case action::buffer:
    case action::reset:
        change(next);
        break;
    case action::reserve:
        reserve(next);
        break;
    case action::decay:
        run(next.pool,
            {.may_allocate = of_.rules.tracks_demand || of_.rules.has_owner,
             .thread = model_.user(next.pool)},
            [&] { subject_->decay(next.pool); });
        model_.decay(next.pool);
        break;
    case action::trim:
        run(next.pool, {.thread = model_.user(next.pool)}, [&] { subject_->trim(next.pool); });
        model_.trim(next.pool);
        break;
    case action::move_construct:
    case action::move_assign:
        move(next);
        break;
    case action::remember:
        remember(next.pool, next.thread);
        break;
    case action::destroy:
        destroy(next.pool, next.thread);
        break;
    case action::detach:
        detach(next.pool, next.thread);
        break;
    case action::fail_memory:
        meter_.fail_memory_after(next.count);
        break;
    case action::fail_metadata:
        call_meter::fail_metadata_after(next.count);
        break;
    case action::recover:
        meter_.recover();
        break;
    }
}

void referee::need(std::size_t pool)
{
    if (!model_.exists(pool)) {
        auto const source = of_.rules.takes_resource ? pool % 2 : 0;
        meter_.run([&] { subject_->create(pool, meter_.resource(source)); });
        expect("allocations of the constructor of a pool", 0, meter_.last().allocations);
        model_.create(pool, source);
    }
}

/// The first slot with or without a packet, from `next.slot` on, or only that one.
std::size_t referee::slot_for(operation const& next, bool full) const
{
    if (!next.exactly) {
        for (std::size_t i = 0; i < slot_count; ++i) {
            auto const slot = (next.slot + i) % slot_count;
            if (model_.slot(slot).has_value() == full) {
                return slot;
            }
        }
    }
    return next.slot;
}

template <class Call>
outcome referee::measure(std::size_t thread, Call const& call)
{
    auto result = outcome::done;
    run_on(thread, [&] { result = meter_.run(call); });
    if (of_.rules.has_owner) {
        model_.observe(thread, packets_of_call.changes());
    }
    return result;
}

template <class Call, class Dropped>
bool referee::make(std::size_t pool, making const& of, call_rules const& rules, Call const& call,
                   Dropped const& dropped)
{
    bool const builds = of_.rules.slabs_on_heap && !model_.has_core(pool);
    bool const had_lock = model_.has_lock(pool);
    auto const found = measure(rules.thread, call);
    auto const& did = meter_.last();
    auto expected = of.too_large ? outcome::too_large : outcome::done;
    if (did.refused_metadata > 0) {
        expected = outcome::no_metadata;
    } else if (did.refused_memory > 0) {
        expected = outcome::no_memory;
    }
    expect("outcome (done, no memory, no metadata, too large)", static_cast<std::size_t>(expected),
           static_cast<std::size_t>(found));

    dropped();
    bool const done = found == outcome::done;
    // The first allocation is the core.
    bool const built = builds && did.allocations > 0;
    if (built || !builds) {
        model_.build_core(pool);
        model_.bind(pool);
    }
    if (of_.rules.has_owner) {
        model_.take_refused(pool, !done);
    }
    if (of.misses == 0 && !builds && !of.too_large) {
        expect("allocations", 0, did.allocations + did.refused_memory);
    }
    if (done && !of_.rules.tracks_demand && !of_.rules.has_owner) {
        expect("allocations", of.misses + (built ? 1 : 0), did.allocations);
    }
    if (done && of_.rules.metadata_is_watched) {
        expect("constructions of metadata", of.packets, did.constructed_metadata);
    }
    check_call(had_lock, rules, done);
    return done;
}

template <class Call>
void referee::run(std::size_t pool, call_rules const& rules, Call const& call)
{
    bool const had_lock = model_.exists(pool) && model_.has_lock(pool);
    auto const found = measure(rules.thread, call);
    if (rules.by_owner) {
        model_.bind(pool);
    }
    auto const& did = meter_.last();
    expect("outcome", static_cast<std::size_t>(outcome::done), static_cast<std::size_t>(found));
    if (!rules.may_allocate) {
        expect("allocations", 0, did.allocations + did.refused_memory);
    }
    expect("constructions of metadata", 0, did.constructed_metadata);
    check_call(had_lock, rules, true);
}

/// A failed operation may destroy its metadata under the lock.
void referee::check_call(bool had_lock, call_rules const& rules, bool done) const
{
    auto const& did = meter_.last();
    if (done) {
        expect("metadata destroyed under a lock", 0, did.destroyed_under_lock);
        expect("freed packets that were not cleared", 0, of_.rules.clears ? did.uncleared : 0);
    }
    if (!rules.may_move) {
        expect("moves of metadata", 0, did.moved_metadata);
    }
    if (of_.rules.lock_is_checked) {
        if (had_lock && rules.enters && did.entries == 0) {
            mismatch("threading policy", "enter() called", "not called");
        }
        if (rules.source_under_lock) {
            expect("calls of the source without the lock", 0, did.source_calls_without_lock);
        }
    }
}

void referee::acquire(operation const& next)
{
    bool const known = next.what == action::acquire_known;
    auto const number = next.size % of_.known_sizes.size();
    auto const size = known ? of_.known_sizes[number] : next.size;
    auto const slot = slot_for(next, false);
    auto const call_site = known ? unknown_call_site : next.slot % call_sites.size();
    check_outstanding(slot);
    bool const too_large = size > largest_packet;
    auto const before = model_.slot(slot);
    if (make(next.pool,
             {.packets = 1,
              .misses = !too_large && model_.sure_hits(next.pool, size) == 0 ? 1U : 0U,
              .too_large = too_large},
             {.source_under_lock = !before, .thread = model_.user(next.pool)}, [&] {
                 known ? subject_->acquire_known(next.pool, number, slot)
                       : subject_->acquire(next.pool, size, slot, call_sites.at(call_site));
             })) {
        check_acquired(next.pool, size, slot, call_site);
        if (before) {
            check_cleared(*before);
        }
    }
}

void referee::acquire_batch(operation const& next)
{
    acquire_all(next, [&](std::source_location where) {
        subject_->acquire_batch(next.pool, next.size, next.slot, next.count, where);
    });
}

/// The batch ends before a second run of null handles: each run is an acquire of its own.
void referee::acquire_missing(operation const& next)
{
    auto const end = next.slot + next.count;
    auto const skip = [&](std::size_t from, bool with_packet) {
        while (from < end && model_.slot(from).has_value() == with_packet) {
            check_outstanding(from);
            ++from;
        }
        return from;
    };
    auto missing = next;
    missing.slot = skip(next.slot, true);
    auto const behind = skip(missing.slot, false);
    missing.count = behind - missing.slot;
    auto const count = skip(behind, true) - next.slot;
    acquire_all(missing, [&](std::source_location where) {
        subject_->acquire_missing(next.pool, next.size, next.slot, count, where);
    });
    for (auto slot = next.slot; slot < next.slot + count; ++slot) {
        check_outstanding(slot);
    }
}

/// Acquires packets for all slots of the operation.
template <class Acquire>
void referee::acquire_all(operation const& next, Acquire acquire)
{
    bool was_empty = true;
    for (std::size_t i = 0; i < next.count; ++i) {
        check_outstanding(next.slot + i);
        was_empty &= !model_.slot(next.slot + i);
    }
    bool const too_large = next.size > largest_packet;
    auto const call_site = next.slot % call_sites.size();
    // Handles in the batch are dropped first, and their packets may be acquired again.
    auto const drop_all = [&] {
        for (std::size_t i = 0; i < next.count; ++i) {
            model_.drop(next.slot + i);
        }
        model_.check_refused();
    };
    if (!of_.rules.has_owner) {
        drop_all();
    }
    auto const idle = too_large ? 0 : model_.sure_hits(next.pool, next.size);
    auto const misses = too_large ? 0 : next.count - std::min(next.count, idle);
    bool const done = make(
        next.pool, {.packets = next.count, .misses = misses, .too_large = too_large},
        {.source_under_lock = was_empty, .thread = model_.user(next.pool)},
        [&] { acquire(call_sites.at(call_site)); },
        [&] {
            if (of_.rules.has_owner) {
                model_.takes_later(next.pool);
                drop_all();
            }
        });
    for (std::size_t i = 0; i < next.count; ++i) {
        if (done) {
            check_acquired(next.pool, next.size, next.slot + i, call_site);
        } else {
            expect("handles of a failed batch", 0,
                   subject_->view(next.slot + i).packet == nullptr ? 0 : 1);
        }
    }
}

/// With `hardened` a release to another pool ends the program.
bool referee::may_release(std::size_t pool, std::size_t slot) const
{
    return !of_.rules.hardened() || !model_.slot(slot) || model_.is_from(pool, slot);
}

void referee::release(operation const& next)
{
    auto const slot = slot_for(next, true);
    if (!may_release(next.pool, slot)) {
        drop(slot, next.thread);
        return;
    }
    check_outstanding(slot);
    auto const was = model_.slot(slot);
    run(next.pool,
        {.source_under_lock = !was || was->from->has_pool,
         .thread = next.thread,
         .by_owner = false},
        [&] { subject_->release(next.pool, slot); });
    model_.release(next.pool, slot);
    check_outstanding(slot);
    if (was) {
        check_cleared(*was);
    }
}

void referee::release_batch(operation const& next)
{
    bool all_have_pools = true;
    for (std::size_t i = 0; i < next.count; ++i) {
        check_outstanding(next.slot + i);
        if (!may_release(next.pool, next.slot + i)) {
            drop(next.slot + i, next.thread);
        }
        auto const& packet = model_.slot(next.slot + i);
        all_have_pools &= !packet || packet->from->has_pool;
    }
    run(next.pool, {.source_under_lock = all_have_pools, .thread = next.thread, .by_owner = false},
        [&] { subject_->release_batch(next.pool, next.slot, next.count); });
    for (std::size_t i = 0; i < next.count; ++i) {
        auto const was = model_.slot(next.slot + i);
        model_.release(next.pool, next.slot + i);
        check_outstanding(next.slot + i);
        if (was) {
            check_cleared(*was);
        }
    }
}

void referee::drop(std::size_t slot, std::size_t thread)
{
    check_outstanding(slot);
    auto const was = model_.slot(slot);
    bool const reaches_pool = was && was->from->has_pool && of_.rules.drops_reach_pool;
    run(current_.pool,
        {.enters = reaches_pool,
         .source_under_lock = reaches_pool,
         .thread = thread,
         .by_owner = false},
        [&] { subject_->drop(slot); });
    model_.drop(slot);
    if (was) {
        check_cleared(*was);
    }
}

void referee::shrink(operation const& next)
{
    auto const slot = slot_for(next, true);
    check_outstanding(slot);
    if (!may_release(next.pool, slot)) {
        return;
    }
    if (model_.slot(slot) && next.size < model_.slot(slot)->holds.size) {
        auto& less = model_.inside(slot);
        less.use(next.size, next.size / 3);
        subject_->fill(slot, less.size, less.header_size, less.wrote.id);
    }
    auto const was = model_.slot(slot);
    auto const needed = was ? was->holds.needed() : 0;
    auto const call_site = next.slot % call_sites.size();
    bool moved = false;
    auto const call = [&] { moved = subject_->shrink(next.pool, slot, call_sites.at(call_site)); };
    if (!was || model_.bucket_of(needed) == of_.rules.buckets.size() ||
        model_.capacity_for(needed) >= was->capacity) {
        run(next.pool, {.thread = model_.user(next.pool)}, call);
        expect("whether it moved", 0, moved ? 1 : 0);
    } else {
        auto const& idle = model_.idle_for(next.pool, needed);
        auto const* const expected =
            idle.empty() || of_.rules.has_owner ? nullptr : idle.back().at.packet;
        if (make(next.pool,
                 {.packets = 1, .misses = model_.sure_hits(next.pool, needed) == 0 ? 1U : 0U},
                 {.source_under_lock = was->from->has_pool,
                  .may_move = true,
                  .thread = model_.user(next.pool)},
                 call)) {
            expect("whether it moved", 1, moved ? 1 : 0);
            auto const seen = subject_->view(slot);
            if (expected != nullptr && expected != seen.packet) {
                mismatch("packet", "the newest idle one", "another");
            }
            model_.shrink(next.pool, slot, call_site,
                          {.packet = seen.packet, .datagram = seen.data - was->holds.begin});
            check_cleared(*was);
        }
    }
    check_outstanding(slot);
}

void referee::reserve(operation const& next)
{
    bool const bucket = model_.bucket_of(next.size) < of_.rules.buckets.size();
    bool const too_large = !bucket || next.count > model_.most_idle(next.pool, next.size);
    auto const idle = bucket ? model_.kept(next.pool, next.size) : 0;
    auto const misses = too_large ? 0 : next.count - std::min(next.count, idle);
    if (make(next.pool, {.misses = misses, .too_large = too_large},
             {.thread = model_.user(next.pool)},
             [&] { subject_->reserve(next.pool, next.size, next.count); })) {
        model_.reserve(next.pool, next.size, next.count);
    }
}

/// A move checks the thread of both pools.
void referee::move(operation const& next)
{
    auto const to = next.pool;
    auto const from = next.other;
    need(from);
    auto const thread = model_.user(from);
    if (model_.user(to) != thread) {
        detach(to, thread);
    }
    // No lock: the caller has exclusive access, as in a destructor.
    call_rules const rules{.source_under_lock = false, .thread = thread, .by_owner = false};
    if (next.what == action::move_assign) {
        auto entering = rules;
        entering.enters = to != from;
        run(from, entering, [&] { subject_->move_assign(to, from); });
        model_.move_assign(to, from);
    } else if (to != from) {
        destroy(to, next.thread);
        run(from, rules, [&] { subject_->move_construct(to, from); });
        model_.move_construct(to, from);
    }
}

/// Any thread may read the statistics.
void referee::remember(std::size_t pool, std::size_t thread)
{
    if (of_.rules.counts) {
        counted_rows now;
        counted_rows since;
        run_on(thread, [&] {
            now = subject_->counted(pool);
            since = subject_->counted_since(pool);
        });
        check_rows("statistics since the snapshot", model_.counted_since(pool, now), since);
    }
    if (of_.rules.has_owner && of_.rules.hardened()) {
        // It takes the lists, also when there is no memory for its result.
        measure(model_.user(pool), [&] { static_cast<void>(subject_->recorded(pool)); });
        model_.bind(pool);
        model_.take_all(pool);
        check_call_sites(pool);
    }
}

void referee::destroy(std::size_t pool, std::size_t thread)
{
    run(pool, {.enters = false, .source_under_lock = false, .thread = thread, .by_owner = false},
        [&] { subject_->destroy(pool); });
    model_.destroy(pool);
    check_complaint();
}

/// Any thread may call detach(), while the owner does not use the pool.
void referee::detach(std::size_t pool, std::size_t next_user)
{
    run(pool, {.enters = false, .thread = next_user, .by_owner = false},
        [&] { subject_->detach(pool); });
    model_.detach(pool, next_user);
}

void referee::finish(bool pools_first)
{
    current_ = {.what = action::destroy};
    auto const thread_of = [&](std::size_t number) {
        return of_.rules.has_owner ? number % thread_count : 0;
    };
    auto const destroy_pools = [&] {
        for (std::size_t pool = 0; pool < pool_count; ++pool) {
            if (model_.exists(pool)) {
                remember(pool, 0);
                destroy(pool, thread_of(pool));
                check_memory();
            }
        }
    };
    if (pools_first) {
        destroy_pools();
    }
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        if (model_.slot(slot)) {
            drop(slot, thread_of(slot));
            check_complaint();
            check_memory();
        }
    }
    destroy_pools();
    expect("blocks at the end", 0, meter_.other_blocks() + meter_.heap_packets().count);
}

} // namespace fuzz
