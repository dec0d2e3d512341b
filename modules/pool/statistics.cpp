module;
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

module pktpool;

namespace pktpool {

namespace {

struct column {
    char const* name;
    std::uint64_t bucket_statistics::* value;
    bool is_of_a_moment = false;
};

constexpr std::array columns{
    column{"hits", &bucket_statistics::hits},
    column{"misses", &bucket_statistics::misses},
    column{"kept", &bucket_statistics::kept},
    column{"freed", &bucket_statistics::freed},
    column{"drops", &bucket_statistics::drops},
    column{"decayed", &bucket_statistics::decayed},
    column{"trimmed", &bucket_statistics::trimmed},
    column{"reserved", &bucket_statistics::reserved},
    column{"remote", &bucket_statistics::remote},
    column{"drained", &bucket_statistics::drained},
    column{"outstanding", &bucket_statistics::outstanding, true},
    column{"most_outstanding", &bucket_statistics::most_outstanding, true},
    column{"idle", &bucket_statistics::idle, true},
    column{"idle_bytes", &bucket_statistics::idle_bytes, true},
};

struct capacity_and_columns {
    std::size_t capacity;
    std::array<std::uint64_t, columns.size()> numbers;
};
static_assert(sizeof(bucket_statistics) == sizeof(capacity_and_columns),
              "a column for each number");

std::size_t width(column const& of)
{
    return std::max<std::size_t>(10, std::char_traits<char>::length(of.name) + 1);
}

void add_right(std::string& line, std::string const& cell, std::size_t width)
{
    line.append(width - std::min(width, cell.size()), ' ').append(cell);
}

std::string first_cell(std::span<bucket_statistics const> rows, std::size_t i)
{
    if (i + 1 == rows.size()) {
        return "total";
    }
    return i + 2 == rows.size() ? "above" : std::to_string(rows[i].capacity);
}

} // namespace

bucket_statistics bucket_statistics::operator-(bucket_statistics const& earlier) const noexcept
{
    auto since = *this;
    for (auto const& each : columns) {
        if (!each.is_of_a_moment) {
            since.*each.value -= earlier.*each.value;
        }
    }
    return since;
}

bucket_statistics& bucket_statistics::operator+=(bucket_statistics const& other) noexcept
{
    for (auto const& each : columns) {
        this->*each.value += other.*each.value;
    }
    return *this;
}

std::string statistics_table(std::span<bucket_statistics const> rows)
{
    std::string table = "bucket";
    for (auto const& each : columns) {
        add_right(table, each.name, width(each));
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        table += '\n';
        add_right(table, first_cell(rows, i), 6);
        for (auto const& each : columns) {
            add_right(table, std::to_string(rows[i].*each.value), width(each));
        }
    }
    return table + '\n';
}

std::string statistics_line(bucket_statistics const& total)
{
    std::string line;
    for (auto const& each : columns) {
        line.append(line.empty() ? "" : " ").append(each.name).append("=");
        line.append(std::to_string(total.*each.value));
    }
    return line;
}

} // namespace pktpool
