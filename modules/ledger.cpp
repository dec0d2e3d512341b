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

void ledger::add(guard_record& record) noexcept
{
    record.next_ = newest_;
    record.from_ = &newest_;
    if (newest_ != nullptr) {
        newest_->from_ = &record.next_;
    }
    newest_ = &record;
}

void ledger::remove(guard_record& record) noexcept
{
    if (record.from_ != nullptr) {
        *record.from_ = record.next_;
        if (record.next_ != nullptr) {
            record.next_->from_ = record.from_;
        }
        record.next_ = nullptr;
        record.from_ = nullptr;
    }
}

std::vector<outstanding_packets> ledger::outstanding() const
{
    std::vector<outstanding_packets> each;
    for (auto const* record = newest_; record != nullptr; record = record->next_) {
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
