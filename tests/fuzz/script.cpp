#include "script.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "threads.hpp"

namespace fuzz {

namespace {

using enum action;

struct frequency {
    action what;
    std::size_t of_64;
};

// Mostly traffic, sometimes operations of whole pools.
constexpr std::array frequencies{
    frequency{acquire, 11},      frequency{acquire_known, 4},
    frequency{acquire_batch, 3}, frequency{acquire_missing, 1},
    frequency{release, 10},      frequency{release_batch, 4},
    frequency{drop, 6},          frequency{decay, 4},
    frequency{trim, 2},          frequency{reserve, 2},
    frequency{shrink, 2},        frequency{prepend, 2},
    frequency{append, 2},        frequency{trim_start, 1},
    frequency{trim_end, 1},      frequency{buffer, 1},
    frequency{reset, 1},         frequency{remember, 1},
    frequency{detach, 1},        frequency{move_construct, 1},
    frequency{move_assign, 1},   frequency{destroy, 1},
    frequency{fail_memory, 2},
};

constexpr auto actions = [] {
    std::array<action, 64> result{};
    std::size_t filled = 0;
    for (auto const& [what, of_64] : frequencies) {
        for (std::size_t i = 0; i < of_64; ++i) {
            result.at(filled++) = what;
        }
    }
    return filled == result.size() ? result : throw "the frequencies do not add up to 64";
}();

constexpr std::array<std::string_view, 25> names{
    "acquire",
    "acquire<>",
    "acquire a batch",
    "acquire missing",
    "release",
    "release a batch",
    "drop",
    "decay",
    "trim",
    "reserve",
    "move a pool to a new one",
    "assign a pool",
    "destroy",
    "detach",
    "fail memory",
    "fail metadata",
    "recover",
    "shrink",
    "prepend",
    "append",
    "trim the start",
    "trim the end",
    "buffer",
    "reset",
    "remember the statistics",
};

constexpr std::size_t huge = std::numeric_limits<std::size_t>::max();

} // namespace

std::string to_string(operation const& of)
{
    auto const number = [](std::string_view what, std::size_t value) {
        return std::string(what) + std::to_string(value);
    };
    return std::string(names.at(static_cast<std::size_t>(of.what))) + number(", pool ", of.pool) +
           number(", other pool ", of.other) + number(", slot ", of.slot) +
           number(", count ", of.count) + number(", size ", of.size) +
           number(", thread ", of.thread);
}

script::script(std::span<std::uint8_t const> bytes, rules const& of)
    : rest_(bytes), rules_(of), edges_{0, 1}
{
    for (auto const& bucket : of.buckets) {
        for (auto const size : {bucket.size - 1, bucket.size, bucket.size + 1}) {
            edges_.push_back(size);
        }
    }
}

std::uint8_t script::byte()
{
    if (rest_.empty()) {
        return 0;
    }
    auto const first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
}

std::size_t script::size()
{
    constexpr std::array<std::size_t, 5> large{65534, 65535, 65536, std::size_t{1} << 32, huge};
    constexpr std::size_t others = 8; // sizes that are not at an edge
    auto const choice = byte() % (edges_.size() + others);
    if (choice < edges_.size()) {
        return edges_[choice];
    }
    std::size_t const next = byte();
    if (choice > edges_.size()) {
        return next * 7;
    }
    return next < large.size() ? large[next] : next * 256 + byte();
}

/// Enough that a bucket frees its packets over several decays, but not too many to repeat a
/// thousand times per script.
std::size_t script::packets(std::size_t capacity)
{
    constexpr std::size_t most_bytes = 48 * 1024;
    auto const choice = byte();
    if (choice >= 254) {
        return choice == 254 ? (std::size_t{1} << 31) + 1 : huge;
    }
    std::size_t const count = choice < 200 ? choice % 24U : (choice - 200U) * 25U;
    return std::min(count, most_bytes / capacity);
}

/// Zero, a few, many, or as many as possible.
std::size_t script::bytes()
{
    auto const choice = byte();
    return choice < 160 ? choice % 32U : choice < 240 ? (choice - 160U) * 20U : huge;
}

std::optional<operation> script::next()
{
    if (rest_.empty()) {
        return std::nullopt;
    }
    auto const first = byte();
    operation result{.what = actions[first % actions.size()],
                     .pool = first / actions.size() % pool_count};
    auto const read_slot = [&] {
        auto const choice = byte();
        result.slot = choice % slot_count;
        result.exactly = choice >= slot_count;
    };
    auto const read_batch = [&] {
        result.slot = byte() % slot_count;
        auto const choice = byte();
        result.count = std::min<std::size_t>(choice < 224 ? choice % 16U : choice % 129U,
                                             slot_count - result.slot);
    };
    if (rules_.has_owner) {
        result.thread = byte() % thread_count;
    }
    switch (result.what) {
    case acquire:
    case shrink:
        read_slot();
        result.size = size();
        break;
    case acquire_known:
        read_slot();
        result.size = byte();
        break;
    case acquire_batch:
    case acquire_missing:
        read_batch();
        result.size = size();
        break;
    case prepend:
    case append:
    case trim_start:
    case trim_end:
        read_slot();
        result.count = bytes();
        break;
    case buffer:
        read_slot();
        result.size = size();
        break;
    case release:
    case drop:
    case reset:
        read_slot();
        break;
    case release_batch:
        read_batch();
        break;
    case reserve: {
        result.size = size();
        auto const bucket = std::ranges::find_if(
            rules_.buckets, [&](auto const& b) { return b.size >= result.size; });
        result.count = packets(bucket == rules_.buckets.end() ? 1 : bucket->size);
        break;
    }
    case move_construct:
    case move_assign:
        result.other = byte() % pool_count;
        break;
    case fail_memory: {
        auto const choice = byte();
        constexpr std::array kinds{fail_memory, fail_memory, fail_metadata, recover};
        result.what = kinds[choice % kinds.size()];
        result.count = choice / kinds.size() % 24;
        break;
    }
    case decay:
    case trim:
    case destroy:
    case detach:
    case remember:
    case fail_metadata:
    case recover:
        break;
    }
    return result;
}

} // namespace fuzz
