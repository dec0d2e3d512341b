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

import :support.message;

namespace pktpool {

bool outstanding_list::records_next(std::uint32_t one_in, std::source_location where) noexcept
{
    if (identity_.first_use.line() == 0) {
        identity_.first_use = where;
    }
    if (until_next_ > 0) {
        --until_next_;
        return false;
    }
    until_next_ = one_in - 1;
    return !is_abandoned_;
}

void outstanding_list::check(guard_record const* record, std::source_location where) const noexcept
{
    if (record != nullptr) {
        record->check_list_seal(reinterpret_cast<std::byte const*>(record) - to_record_, where);
    }
}

/// Makes the two records neighbours. Null is the end of the list.
void outstanding_list::link(guard_record* older, guard_record* newer) noexcept
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

void outstanding_list::add(guard_record& record, void const* packet,
                           std::source_location where) noexcept
{
    to_record_ =
        reinterpret_cast<std::byte const*>(&record) - static_cast<std::byte const*>(packet);
    check(newest_, where);
    link(newest_, &record);
    link(&record, nullptr);
}

void outstanding_list::remove(guard_record& record, std::source_location where) noexcept
{
    if (is_abandoned_) {
        return;
    }
    check(&record, where);
    if (newest_ == &record || record.newer_ != nullptr) {
        check(record.older_, where);
        check(record.newer_, where);
        link(record.older_, record.newer_);
        record.older_ = nullptr;
        record.newer_ = nullptr;
        record.list_seal_ = record.list_seal();
    }
}

std::vector<outstanding_packets> outstanding_list::outstanding() const
{
    std::vector<outstanding_packets> each;
    for (auto const* record = newest_; record != nullptr; record = record->older_) {
        check(record, {});
        each.push_back({record->acquired_, record->bucket_, 1});
    }
    auto const key = [](outstanding_packets const& of) {
        return std::tuple(std::string_view(of.call_site.file_name()), of.call_site.line(),
                          of.call_site.column(), of.bucket);
    };
    std::ranges::sort(each, {}, key);
    std::vector<outstanding_packets> call_sites;
    for (auto const& one : each) {
        if (call_sites.empty() || key(call_sites.back()) != key(one)) {
            call_sites.push_back(one);
        } else {
            ++call_sites.back().count;
        }
    }
    std::ranges::sort(call_sites, [key](auto const& a, auto const& b) {
        return a.count != b.count ? a.count > b.count : key(a) < key(b);
    });
    return call_sites;
}

void outstanding_list::report_all() const noexcept
{
    if (newest_ == nullptr) {
        return;
    }
    try {
        auto const call_sites = outstanding();
        report(message()
                   .add("at the end of the pool")
                   .add_call_site(" first used", identity_.first_use)
                   .add(", packets are outstanding:")
                   .view(),
               {});
        for (auto const& [call_site, bucket, count] : call_sites) {
            message line;
            line.add("  %zu ", count);
            if (bucket == no_bucket) {
                line.add("above the largest bucket,");
            } else {
                line.add("of bucket %zu,", bucket);
            }
            report(line.add_call_site(" acquired", call_site).view(), {});
        }
    } catch (std::exception const&) {
        report("packets are outstanding at the end of a pool, and there is no memory to list them",
               {});
    }
}

} // namespace pktpool
