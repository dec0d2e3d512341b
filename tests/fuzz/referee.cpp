#include "referee.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "payload.hpp"

namespace fuzz {

namespace {

constexpr std::size_t largest_packet = 65535;
constexpr std::size_t no_bucket = 255;

} // namespace

referee::referee(combination const& of) : of_(of), model_(of.rules), subject_(of.make()) {}

std::size_t referee::play(std::span<std::uint8_t const> bytes)
{
    script script(bytes, of_.rules);
    while (auto const next = script.next()) {
        ++operations_;
        current_ = *next;
        play(*next);
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
    case action::release:
        release(next);
        break;
    case action::release_batch:
        release_batch(next);
        break;
    case action::drop:
        drop(slot_for(next, true));
        break;
    case action::shrink:
        shrink(next);
        break;
    case action::reserve:
        reserve(next);
        break;
    case action::decay:
        run([&] { subject_->decay(next.pool); }, of_.rules.tracks_demand);
        model_.decay(next.pool);
        break;
    case action::trim:
        run([&] { subject_->trim(next.pool); });
        model_.trim(next.pool);
        break;
    case action::move_construct:
    case action::move_assign:
        move(next);
        break;
    case action::destroy:
        destroy(next.pool);
        break;
    case action::detach:
        run([&] { subject_->detach(next.pool); });
        break;
    case action::fail_memory:
        ledger_.fail_memory_after(next.count);
        break;
    case action::fail_metadata:
        ledger::fail_metadata_after(next.count);
        break;
    case action::recover:
        ledger_.recover();
        break;
    }
}

void referee::need(std::size_t pool)
{
    if (!model_.exists(pool)) {
        auto const source = of_.rules.takes_resource ? pool % 2 : 0;
        run([&] { subject_->create(pool, ledger_.resource(source)); });
        model_.create(pool, source);
    }
}

/// From a slot on the first that is full, or empty, unless the script wants just this one.
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
bool referee::make(std::size_t pool, bool opens, bool too_large, std::size_t misses,
                   Call const& call)
{
    bool const builds = of_.rules.slabs_on_heap && opens && !model_.is_open(pool);
    auto const found = ledger_.run(call);
    auto expected = too_large ? outcome::too_large : outcome::done;
    if (ledger_.refused_metadata() > 0) {
        expected = outcome::no_metadata;
    } else if (ledger_.refused_memory() > 0) {
        expected = outcome::no_memory;
    }
    expect("outcome (done, no memory, no metadata, too large)", static_cast<std::size_t>(expected),
           static_cast<std::size_t>(found));

    // The slabs are the first that is asked for.
    bool const built = builds && ledger_.allocations() > 0;
    if (built || (opens && !builds)) {
        model_.open(pool);
    }
    if (misses == 0 && !builds && !too_large) {
        expect("allocations", 0, ledger_.allocations() + ledger_.refused_memory());
    }
    if (found == outcome::done && !of_.rules.tracks_demand) {
        expect("allocations", misses + (built ? 1 : 0), ledger_.allocations());
    }
    return found == outcome::done;
}

template <class Call>
void referee::run(Call const& call, bool may_allocate)
{
    auto const found = ledger_.run(call);
    expect("outcome", static_cast<std::size_t>(outcome::done), static_cast<std::size_t>(found));
    if (!may_allocate) {
        expect("allocations", 0, ledger_.allocations() + ledger_.refused_memory());
    }
}

void referee::acquire(operation const& next)
{
    bool const known = next.what == action::acquire_known;
    auto const number = next.size % of_.known_sizes.size();
    auto const size = known ? of_.known_sizes[number] : next.size;
    auto const slot = slot_for(next, false);
    check_outstanding(slot);
    bool const too_large = size > largest_packet;
    auto const misses = !too_large && model_.idle_for(next.pool, size).empty() ? 1U : 0U;
    if (make(next.pool, true, too_large, misses, [&] {
            known ? subject_->acquire_known(next.pool, number, slot)
                  : subject_->acquire(next.pool, size, slot);
        })) {
        came(next.pool, size, slot);
    }
}

void referee::acquire_batch(operation const& next)
{
    for (std::size_t i = 0; i < next.count; ++i) {
        check_outstanding(next.slot + i);
    }
    bool const too_large = next.size > largest_packet;
    // What was in the batch is dropped first, and may be what comes.
    for (std::size_t i = 0; i < next.count; ++i) {
        model_.drop(next.slot + i);
    }
    auto const idle = too_large ? 0 : model_.idle_for(next.pool, next.size).size();
    auto const misses = too_large ? 0 : next.count - std::min(next.count, idle);
    bool const done = make(next.pool, true, too_large, misses, [&] {
        subject_->acquire_batch(next.pool, next.size, next.slot, next.count);
    });
    for (std::size_t i = 0; i < next.count; ++i) {
        if (done) {
            came(next.pool, next.size, next.slot + i);
        } else {
            expect("handles of a batch that failed", 0,
                   subject_->view(next.slot + i).address == nullptr ? 0 : 1);
        }
    }
}

void referee::came(std::size_t pool, std::size_t size, std::size_t slot)
{
    auto const seen = subject_->view(slot);
    payload before;
    bool same = false;
    if (auto const& idle = model_.idle_for(pool, size); !idle.empty()) {
        before = idle.back().wrote;
        same = idle.back().address == seen.address;
        if (!same && idle.back().address != nullptr) {
            mismatch("packet", "the newest idle one", "another");
        }
    }
    if (!same) {
        expect("a new packet that is live already", 0, model_.is_live(seen.address) ? 1 : 0);
    }
    model_.acquire(pool, size, slot, seen.address);

    auto const bucket = model_.bucket_of(size);
    expect("bucket", bucket == of_.rules.buckets.size() ? no_bucket : bucket, seen.bucket);
    expect("capacity", model_.capacity_for(size), seen.allocated);
    expect("size", 0, seen.size);
    expect("header_size", 0, seen.header_size);
    expect("metadata", 0, seen.sequence);
    expect("flags of the metadata", 0, seen.flags);
    if (of_.rules.clears && !of_.rules.hardened && same && !is_zero(seen.data, size)) {
        mismatch("buffer", "cleared", "as somebody left it");
    }
    if (!of_.rules.clears && !of_.rules.hardened && !holds(seen.data, before, size)) {
        mismatch("buffer", "untouched", "changed");
    }
    payload const wrote{.id = ++packets_, .size = size};
    subject_->fill(slot, size, size / 3, packets_);
    write(seen.data, wrote);
    model_.write(slot, wrote);
}

void referee::check_outstanding(std::size_t slot) const
{
    auto const seen = subject_->view(slot);
    auto const& expected = model_.slot(slot);
    if (!expected) {
        expect("null handle", 0, seen.address == nullptr ? 0 : 1);
        return;
    }
    if (seen.address != expected->address) {
        mismatch("packet of a handle", "the same", "another");
    }
    expect("capacity that was", expected->capacity, seen.allocated);
    expect("size that was set", expected->wrote.size, seen.size);
    expect("header_size that was set", expected->wrote.size / 3, seen.header_size);
    expect("metadata that was set", expected->wrote.id, seen.sequence);
    expect("flags that were set", of_.rules.metadata_owns ? 1 : 255, seen.flags);
    if (!holds(seen.data, expected->wrote, expected->capacity)) {
        mismatch("payload", "as it was written", "changed");
    }
}

/// A release to another pool ends the program where packets are hardened.
bool referee::may_release(std::size_t pool, std::size_t slot) const
{
    return !of_.rules.hardened || !model_.slot(slot) || model_.is_from(pool, slot);
}

void referee::release(operation const& next)
{
    auto const slot = slot_for(next, true);
    if (!may_release(next.pool, slot)) {
        drop(slot);
        return;
    }
    check_outstanding(slot);
    run([&] { subject_->release(next.pool, slot); });
    model_.release(next.pool, slot);
    check_outstanding(slot);
}

void referee::release_batch(operation const& next)
{
    for (std::size_t i = 0; i < next.count; ++i) {
        check_outstanding(next.slot + i);
        if (!may_release(next.pool, next.slot + i)) {
            drop(next.slot + i);
        }
    }
    run([&] { subject_->release_batch(next.pool, next.slot, next.count); });
    for (std::size_t i = 0; i < next.count; ++i) {
        model_.release(next.pool, next.slot + i);
        check_outstanding(next.slot + i);
    }
}

void referee::drop(std::size_t slot)
{
    check_outstanding(slot);
    run([&] { subject_->drop(slot); });
    model_.drop(slot);
}

void referee::shrink(operation const& next)
{
    auto const slot = slot_for(next, true);
    check_outstanding(slot);
    auto const& packet = model_.slot(slot);
    if (!may_release(next.pool, slot)) {
        return;
    }
    if (packet && next.size < packet->wrote.size) {
        payload const less{.id = packet->wrote.id, .size = next.size};
        subject_->fill(slot, less.size, less.size / 3, less.id);
        model_.write(slot, less);
    }
    auto const size = packet ? packet->wrote.size : 0;
    bool const moves = packet && model_.bucket_of(size) < of_.rules.buckets.size() &&
                       model_.capacity_for(size) < packet->capacity;
    bool moved = false;
    auto const call = [&] { moved = subject_->shrink(next.pool, slot); };
    if (!moves) {
        run(call);
        expect("whether it moved", 0, moved ? 1 : 0);
    } else {
        auto const& idle = model_.idle_for(next.pool, size);
        auto const expected = idle.empty() ? nullptr : idle.back().address;
        if (make(next.pool, true, false, idle.empty() ? 1 : 0, call)) {
            expect("whether it moved", 1, moved ? 1 : 0);
            auto const seen = subject_->view(slot);
            if (expected != nullptr && expected != seen.address) {
                mismatch("packet", "the newest idle one", "another");
            }
            model_.shrink(next.pool, slot, seen.address);
        }
    }
    check_outstanding(slot);
}

void referee::reserve(operation const& next)
{
    bool const bucket = model_.bucket_of(next.size) < of_.rules.buckets.size();
    bool const too_large = !bucket || next.count > model_.room(next.pool, next.size);
    auto const idle = bucket ? model_.idle_for(next.pool, next.size).size() : 0;
    auto const misses = too_large ? 0 : next.count - std::min(next.count, idle);
    if (make(next.pool, bucket, too_large, misses,
             [&] { subject_->reserve(next.pool, next.size, next.count); })) {
        model_.reserve(next.pool, next.size, next.count);
    }
}

void referee::move(operation const& next)
{
    auto const to = next.pool;
    auto const from = next.other;
    need(from);
    if (next.what == action::move_assign) {
        run([&] { subject_->move_assign(to, from); });
        model_.move_assign(to, from);
    } else if (to != from) {
        destroy(to);
        run([&] { subject_->move_construct(to, from); });
        model_.move_construct(to, from);
    }
}

void referee::destroy(std::size_t pool)
{
    run([&] { subject_->destroy(pool); });
    model_.destroy(pool);
}

void referee::finish(bool pools_first)
{
    current_ = {.what = action::destroy};
    auto const destroy_pools = [&] {
        for (std::size_t pool = 0; pool < pool_count; ++pool) {
            if (model_.exists(pool)) {
                destroy(pool);
                check_memory();
            }
        }
    };
    if (pools_first) {
        destroy_pools();
    }
    for (std::size_t slot = 0; slot < slot_count; ++slot) {
        if (model_.slot(slot)) {
            drop(slot);
            check_memory();
        }
    }
    destroy_pools();
    expect("blocks in the end", 0, ledger_.other_blocks() + ledger_.heap_packets().count);
}

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
        if (of_.rules.counts && subject_->counted(pool) != model_.counted(pool)) {
            mismatch("statistics", "the model's", "others");
        }
        if (of_.rules.hardened) {
            expect("packets whose place is known", model_.counted(pool).back().outstanding,
                   subject_->placed(pool));
        }
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
    if (of_.rules.metadata_owns) {
        expect("what metadata owns", model_.outstanding(), token::alive);
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
