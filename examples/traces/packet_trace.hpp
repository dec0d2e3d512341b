// Packet traces: all operations of one packet pool, in order.
//
// Little-endian: "PKTTRACE", u32 version 1, u32 records, u32 slots, u32 0; then per record 8 bytes:
// u32 slot, u16 size, u8 operation, u8 0. A slot holds one packet at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <vector>

struct trace_record {
    enum class operation : std::uint8_t { acquire, release, drop, decay };

    std::uint32_t slot;
    std::uint16_t size; ///< bytes requested (acquire) or in use (release, drop)
    operation op;
};

struct packet_trace {
    std::uint32_t slots = 0; ///< the most packets that are outstanding at the same time
    std::vector<trace_record> records;
};

/// One line: what is wrong, and in which record.
struct trace_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Reads a whole trace and checks each record: slots in range, acquired only when empty, released
/// and dropped only when full. Reserved bytes must be 0. Throws trace_error.
packet_trace parse_trace(std::span<std::byte const> file);

/// The same for a file; the message begins with its name.
packet_trace read_trace(std::filesystem::path const& path);
