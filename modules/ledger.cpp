// The list of guard.cppm, out of its importers' way.
module;
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <source_location>
#include <string_view>
#include <tuple>
#include <vector>

module pktpool;

import :message;

namespace pktpool {

bool ledger::records(std::uint32_t one_in, std::source_location where) noexcept
{
    if (first_use_.line() == 0) {
        first_use_ = where;
    }
    if (until_next_ > 0) {
        --until_next_;
        return false;
    }
    until_next_ = one_in - 1;
    return true;
}

void ledger::check_links(guard_record const* record, std::source_location where) const noexcept
{
    if (record != nullptr) {
        record->check_links(reinterpret_cast<std::byte const*>(record) - to_record_, where);
    }
}

/// Makes neighbours of them; null stands for the end of the list.
void ledger::link(guard_record* older, guard_record* newer) noexcept
{
    if (older != nullptr) {
        older->newer_ = newer;
        older->list_seal_ = older->list_seal();
    }
    if (newer == nullptr) {
        newest_ = older;
    } else {
        newer->older_ = older;
        newer->list_seal_ = newer->list_seal();
    }
}

void ledger::add(guard_record& record, void const* packet, std::source_location where) noexcept
{
    to_record_ =
        reinterpret_cast<std::byte const*>(&record) - static_cast<std::byte const*>(packet);
    check_links(newest_, where);
    link(newest_, &record);
    link(&record, nullptr);
}

void ledger::remove(guard_record& record, std::source_location where) noexcept
{
    check_links(&record, where);
    if (newest_ == &record || record.newer_ != nullptr) {
        check_links(record.older_, where);
        check_links(record.newer_, where);
        link(record.older_, record.newer_);
        record.older_ = nullptr;
        record.newer_ = nullptr;
        record.list_seal_ = record.list_seal();
    }
}

std::vector<outstanding_packets> ledger::outstanding() const
{
    std::vector<outstanding_packets> each;
    for (auto const* record = newest_; record != nullptr; record = record->older_) {
        check_links(record, {});
        each.push_back({record->acquired_, record->bucket_, 1});
    }
    auto const key = [](outstanding_packets const& of) {
        return std::tuple(std::string_view(of.place.file_name()), of.place.line(),
                          of.place.column(), of.bucket);
    };
    std::ranges::sort(each, {}, key);
    std::vector<outstanding_packets> places;
    for (auto const& one : each) {
        if (places.empty() || key(places.back()) != key(one)) {
            places.push_back(one);
        } else {
            ++places.back().count;
        }
    }
    std::ranges::sort(places, [key](auto const& a, auto const& b) {
        return a.count != b.count ? a.count > b.count : key(a) < key(b);
    });
    return places;
}

void ledger::report() const noexcept
{
    if (newest_ == nullptr) {
        return;
    }
    try {
        auto const places = outstanding();
        static_cast<void>(broken(message()
                                     .add("at the end of the pool")
                                     .add_place(" first used", first_use_)
                                     .add(", packets are outstanding:")
                                     .view(),
                                 {}));
        for (auto const& [place, bucket, count] : places) {
            static_cast<void>(broken(message()
                                         .add("  %zu of bucket %zu,", count, bucket)
                                         .add_place(" acquired", place)
                                         .view(),
                                     {}));
        }
    } catch (std::exception const&) {
        static_cast<void>(broken("packets are outstanding at the end of a pool, and there is no "
                                 "memory to list them",
                                 {}));
    }
}

} // namespace pktpool
