#include "packet_trace.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <ios>
#include <string>
#include <string_view>
#include <utility>

namespace {

constexpr std::string_view magic = "PKTTRACE";
constexpr std::size_t header_size = 24;
constexpr std::size_t record_size = 8;

template <class Unsigned>
Unsigned little_endian(std::span<std::byte const> bytes, std::size_t offset)
{
    Unsigned value = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
        value |= static_cast<Unsigned>(std::to_integer<Unsigned>(bytes[offset + i]) << (8 * i));
    }
    return value;
}

/// Why the bytes are not a record, or why the slots do not allow it; empty if they are good.
std::string_view misfit(std::span<std::byte const> bytes, trace_record const& r,
                        std::vector<bool>& full)
{
    using enum trace_record::operation;
    if (bytes.back() != std::byte{0}) {
        return "its last byte is not 0";
    }
    if (r.op > decay) {
        return "unknown operation";
    }
    if (r.op == decay) {
        return {};
    }
    if (r.slot >= full.size()) {
        return "slot out of range";
    }
    bool const acquires = r.op == acquire;
    if (full[r.slot] == acquires) {
        return acquires ? "acquire into a slot that is full" : "release or drop of an empty slot";
    }
    full[r.slot] = acquires;
    return {};
}

} // namespace

packet_trace parse_trace(std::span<std::byte const> file)
{
    if (file.empty()) {
        throw trace_error("the file is empty");
    }
    auto const is_letter = [](std::byte b, char c) { return std::to_integer<char>(b) == c; };
    auto const letters = std::min(file.size(), magic.size());
    if (!std::ranges::equal(file.first(letters), magic.substr(0, letters), is_letter)) {
        throw trace_error("not a packet trace: it does not begin with PKTTRACE");
    }
    if (file.size() < header_size) {
        throw trace_error("cut short: " + std::to_string(file.size()) +
                          " bytes, and the header alone has 24");
    }
    if (auto const version = little_endian<std::uint32_t>(file, 8); version != 1) {
        throw trace_error("version " + std::to_string(version) + ", and only 1 is known");
    }
    std::size_t const count = little_endian<std::uint32_t>(file, 12);
    packet_trace trace{.slots = little_endian<std::uint32_t>(file, 16), .records = {}};
    if (auto const reserved = little_endian<std::uint32_t>(file, 20); reserved != 0) {
        throw trace_error("bytes 20 to 23 of the header are " + std::to_string(reserved) +
                          ", and must be 0");
    }
    if (file.size() != header_size + count * record_size) {
        auto const whole = (file.size() - header_size) / record_size;
        throw trace_error((whole < count ? "cut short after record " : "bytes follow record ") +
                          std::to_string(std::min(whole, count)) + " of " + std::to_string(count));
    }
    // Each slot needs an acquire, so this also bounds the memory that a wrong number can request.
    if (trace.slots > count) {
        throw trace_error(std::to_string(trace.slots) + " slots for " + std::to_string(count) +
                          " records");
    }
    trace.records.reserve(count);
    std::vector<bool> full(trace.slots);
    for (std::size_t i = 0; i < count; ++i) {
        auto const bytes = file.subspan(header_size + i * record_size, record_size);
        trace_record const r{
            .slot = little_endian<std::uint32_t>(bytes, 0),
            .size = little_endian<std::uint16_t>(bytes, 4),
            .op = trace_record::operation{little_endian<std::uint8_t>(bytes, 6)},
        };
        if (auto const why = misfit(bytes, r, full); !why.empty()) {
            throw trace_error("record " + std::to_string(i) + ": " + std::string(why));
        }
        trace.records.push_back(r);
    }
    return trace;
}

packet_trace read_trace(std::filesystem::path const& path)
{
    auto const fail = [&](std::string const& why) {
        return trace_error(path.string() + ": " + why);
    };
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path)) {
        throw fail("cannot be read as a file");
    }
    std::vector<std::byte> file;
    std::array<char, 65536> block{};
    while (in.read(block.data(), block.size()) || in.gcount() > 0) {
        auto const bytes =
            std::as_bytes(std::span(block).first(static_cast<std::size_t>(in.gcount())));
        file.insert(file.end(), bytes.begin(), bytes.end());
    }
    try {
        return parse_trace(file);
    } catch (trace_error const& e) {
        throw fail(e.what());
    }
}
