// The values of packets, and changes by their users.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "payload.hpp"
#include "referee.hpp"

namespace fuzz {

namespace {

constexpr std::size_t no_bucket = 255;

} // namespace

std::size_t referee::bucket_shown(std::size_t bucket) const
{
    return bucket == of_.rules.buckets.size() ? no_bucket : bucket;
}

void referee::check_acquired(std::size_t pool, std::size_t size, std::size_t slot,
                             std::size_t call_site)
{
    auto const seen = subject_->view(slot);
    location const at{.packet = seen.packet, .datagram = seen.data};
    idle_packet before;
    if (of_.rules.has_owner) {
        before = model_.idle_at(pool, size, seen.packet).value_or(idle_packet{});
    } else if (auto const& idle = model_.idle_for(pool, size); !idle.empty()) {
        before = idle.back();
        if (before.at.packet != nullptr && before.at != at) {
            mismatch("packet", "the newest idle one", "another");
        }
    }
    bool const is_known = before.at.datagram != nullptr;
    if (before.at.packet == nullptr) {
        expect("new packets that are live already", 0, model_.is_live(seen.packet) ? 1 : 0);
        expect("alignment", 0, reinterpret_cast<std::uintptr_t>(seen.data) % 16);
    }
    model_.acquire(pool, size, slot, call_site, at);

    expect("bucket", bucket_shown(model_.bucket_of(size)), seen.bucket);
    expect("metadata", 0, seen.sequence);
    expect("flags of the metadata", 0, seen.flags);
    check_sizes(slot, seen);

    auto& holds = model_.inside(slot);
    auto const begin = holds.usable_begin(of_.rules);
    auto const end = holds.usable_end(of_.rules);
    if (!of_.rules.hardened()) { // the buffer of a hardened packet has a pattern
        if (of_.rules.clears && is_known && !is_zero(seen.data + begin, seen.data + end)) {
            mismatch("buffer", "cleared", "not cleared");
        }
        if (!of_.rules.clears && !fuzz::holds(seen.data, part(before.wrote, begin, end))) {
            mismatch("buffer", "untouched", "changed");
        }
    }
    holds.wrote.id = ++packets_;
    holds.use(size, size / 3);
    subject_->fill(slot, size, size / 3, packets_);
    write(seen.data, holds.wrote);
}

void referee::check_sizes(std::size_t slot, packet_view const& seen) const
{
    auto const& expected = *model_.slot(slot);
    expect("capacity", expected.capacity, seen.allocated);
    expect("size", expected.holds.size, seen.size);
    expect("header_size", expected.holds.header_size, seen.header_size);
    if (seen.data != expected.at.datagram + expected.holds.begin) {
        mismatch("start of the used bytes", std::to_string(expected.holds.begin),
                 std::to_string(seen.data - expected.at.datagram));
    }
    if (of_.rules.has_headroom()) {
        expect("headroom", expected.holds.headroom(of_.rules), seen.headroom);
        expect("tailroom", expected.holds.tailroom(of_.rules), seen.tailroom);
    }
}

void referee::check_outstanding(std::size_t slot) const
{
    auto const seen = subject_->view(slot);
    auto const& expected = model_.slot(slot);
    if (!expected) {
        expect("null handle", 0, seen.packet == nullptr ? 0 : 1);
        return;
    }
    if (seen.packet != expected->at.packet) {
        mismatch("packet of a handle", "the same", "another");
    }
    check_sizes(slot, seen);
    expect("bucket of an outstanding packet", bucket_shown(expected->bucket), seen.bucket);
    expect("metadata that were set", expected->holds.wrote.id, seen.sequence);
    expect("flags that were set", of_.rules.metadata_flags, seen.flags);
    if (!holds(expected->at.datagram, expected->holds.wrote)) {
        mismatch("payload", "as it was written", "changed");
    }
}

void referee::change(operation const& next)
{
    auto const slot = slot_for(next, true);
    check_outstanding(slot);
    if (!model_.slot(slot)) {
        return;
    }
    auto& holds = model_.inside(slot);
    auto* const datagram = model_.slot(slot)->at.datagram;
    bool const has_headroom = of_.rules.has_headroom();
    auto const grow = [&](std::size_t most, auto update) {
        auto const bytes = has_headroom ? std::min(next.count, most) : 0;
        auto const grown = subject_->change(slot, next.what, bytes);
        (holds.*update)(bytes);
        return grown;
    };
    auto const write_into = [&](std::span<std::byte> grown, offset begin, offset end) {
        if (has_headroom &&
            (grown.data() != datagram + begin || grown.size() != std::size_t(end - begin))) {
            mismatch("span of the added bytes", "next to the used bytes", "elsewhere");
        }
        write(datagram, part(holds.wrote, begin, end));
    };
    switch (next.what) {
    case action::prepend: {
        auto const end = holds.begin;
        auto const grown = grow(holds.headroom(of_.rules), &contents::prepend);
        write_into(grown, holds.begin, end);
        break;
    }
    case action::append: {
        auto const begin = holds.end();
        auto const grown = grow(holds.tailroom(of_.rules), &contents::append);
        write_into(grown, begin, holds.end());
        break;
    }
    case action::trim_start:
        grow(holds.size, &contents::trim_start);
        break;
    case action::trim_end:
        grow(holds.size, &contents::trim_end);
        break;
    case action::buffer: {
        auto const most = holds.buffer(model_.slot(slot)->capacity);
        auto const bytes = std::min(next.size, most);
        auto const given = subject_->change(slot, next.what, bytes);
        if (given.data() != datagram + holds.begin || given.size() != bytes) {
            mismatch("span of the buffer", "the bytes asked for", "others");
        }
        holds.ask_for(bytes);
        if (!has_headroom && bytes > holds.size) { // fills them, as a sender does
            holds.use(bytes, holds.header_size);
            subject_->fill(slot, holds.size, holds.header_size, holds.wrote.id);
            write(datagram, holds.wrote);
        }
        break;
    }
    default:
        if (meter_.run([&] { subject_->change(slot, action::reset, 0); }) == outcome::done) {
            holds.reset();
            auto const seen = subject_->view(slot);
            check_sizes(slot, seen);
            expect("metadata after a reset", 0, seen.sequence + seen.flags);
            subject_->fill(slot, 0, 0, holds.wrote.id);
        }
        break;
    }
    check_outstanding(slot);
}

void referee::check_cleared(outstanding_packet const& was) const
{
    if (!of_.rules.clears || !model_.is_idle(was.at.packet)) {
        return;
    }
    auto const* const first = was.at.datagram - of_.rules.headroom - of_.rules.padding;
    auto const bytes = of_.rules.padding + of_.rules.headroom + was.capacity + of_.rules.tailroom;
    auto const each = of_.rules.hardened() ? first_byte(first) : std::byte{0};
    if (!is_filled(first, bytes, each)) {
        mismatch("an idle packet", "cleared", "not cleared");
    }
}

} // namespace fuzz
