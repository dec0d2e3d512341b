// parse_trace() with any bytes: it throws trace_error, or returns a trace that matches the file
// and that pools can replay.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "allocations.hpp"
#include "packet_trace.hpp"
#include "player.hpp"
#include "tally.hpp"

import pktpool;

namespace {

template <class... Policies>
using counted_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_threaded,
                               pktpool::counted, Policies...>;
using operation = trace_record::operation;

constexpr std::string_view magic = "PKTTRACE";
constexpr std::size_t header_size = 24;
constexpr std::size_t record_size = 8;

[[noreturn]] void fail(char const* what)
{
    std::fprintf(stderr, "fuzz: a trace: %s\n", what);
    std::abort();
}

void put(std::span<std::uint8_t> to, std::size_t value)
{
    for (auto& byte : to) {
        byte = static_cast<std::uint8_t>(value);
        value >>= 8;
    }
}

/// Magic, version, number of records, and the reserved bytes.
void put_header(std::span<std::uint8_t> file, std::size_t slots)
{
    std::ranges::copy(magic, file.begin());
    put(file.subspan(8, 4), 1);
    put(file.subspan(12, 4), (file.size() - header_size) / record_size);
    put(file.subspan(16, 4), slots);
    put(file.subspan(20, 4), 0);
}

/// The bytes of a trace file.
std::vector<std::uint8_t> written(packet_trace const& trace)
{
    std::vector<std::uint8_t> file(header_size + trace.records.size() * record_size);
    put_header(file, trace.slots);
    for (std::size_t i = 0; i < trace.records.size(); ++i) {
        auto const bytes = std::span(file).subspan(header_size + i * record_size, record_size);
        auto const& record = trace.records[i];
        put(bytes.first(4), record.slot);
        put(bytes.subspan(4, 2), record.size);
        put(bytes.subspan(6, 1), static_cast<std::size_t>(record.op));
    }
    return file;
}

template <class Pool>
void replay(packet_trace const& trace)
{
    auto const before = live_allocations();
    {
        auto const result = count<Pool>(trace);
        auto const acquires =
            std::ranges::count(trace.records, operation::acquire, &trace_record::op);
        if (result.acquires != static_cast<std::size_t>(acquires) ||
            result.hits > result.acquires) {
            fail("the replay counts other acquires than the trace");
        }
    }
    if (live_allocations() != before) {
        fail("the replay leaks memory");
    }
}

/// Most mutations break the header or acquire into a full slot: repairs both.
void repair(std::span<std::uint8_t> file, bool records)
{
    auto const count = (file.size() - header_size) / record_size;
    auto const slots = std::min<std::size_t>(file[16], count);
    put_header(file, slots);
    if (!records || slots == 0) {
        return;
    }
    std::vector<bool> full(slots);
    for (std::size_t i = 0; i < count; ++i) {
        auto const bytes = file.subspan(header_size + i * record_size, record_size);
        auto const slot = bytes[0] % slots;
        put(bytes.first(4), slot);
        bytes[7] = 0;
        if (bytes[6] % 4 != static_cast<std::uint8_t>(operation::decay)) {
            bytes[6] = full[slot] ? 1 + bytes[6] % 2 : 0; // release or drop, else acquire
            full[slot] = !full[slot];
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static fuzz::tally done("records of", "traces that were not refused");
    std::span const file(data, size);
    packet_trace trace;
    try {
        trace = parse_trace(std::as_bytes(file));
    } catch (trace_error const&) {
        return 0;
    }
    done.add_thing();
    done.add_steps(trace.records.size());
    if (!std::ranges::equal(written(trace), file)) {
        fail("the trace differs from the file");
    }
    replay<counted_pool<>>(trace);
    replay<counted_pool<pktpool::demand_tracked, pktpool::return_on_drop>>(trace);
    return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, most);
    if (size >= header_size && seed % 4 != 0) {
        size -= (size - header_size) % record_size;
        repair(std::span(data, size), seed % 4 != 1);
    }
    return size;
}
