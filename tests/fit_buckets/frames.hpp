// Frames as they are on a wire, and captures of them, written by libpcap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

struct pcap;
struct pcap_dumper;

namespace frames {

using bytes = std::vector<std::uint8_t>;

inline bytes operator+(bytes first, bytes const& second)
{
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

/// A number in network order.
bytes u16(unsigned value);

/// Header and `size` bytes of payload, with the length that belongs to them or another one.
bytes udp(std::size_t size);
bytes udp_of_length(unsigned length, std::size_t size);

struct ipv4_fields {
    std::size_t options = 0; ///< bytes, a multiple of 4
    unsigned fragment = 0;   ///< flags and offset
    unsigned protocol = 17;  ///< UDP
    int length_error = 0;    ///< bytes that the total length is too large
};
bytes ipv4(bytes const& payload, ipv4_fields with = {});

/// An extension header of IPv6: its type and its bytes, of which the first is set to the next type.
struct extension {
    unsigned type;
    bytes content;
};
bytes ipv6(bytes const& payload, std::vector<extension> const& extensions = {}, unsigned last = 17,
           int length_error = 0);

inline constexpr unsigned type_ipv4 = 0x0800;
inline constexpr unsigned type_ipv6 = 0x86dd;

bytes ethernet(unsigned type, bytes const& packet);
/// Behind tags: `ethernet(0x8100, vlan(type_ipv4, packet))`.
bytes vlan(unsigned type, bytes const& packet);
bytes linux_cooked(unsigned type, bytes const& packet);
bytes linux_cooked_v2(unsigned type, bytes const& packet);
/// In the byte order of a little-endian host, as DLT_NULL.
bytes loopback(unsigned family, bytes const& packet);

/// A capture file of one link type (DLT_*).
class capture_writer {
public:
    /// Nanoseconds or microseconds.
    capture_writer(std::filesystem::path const& file, int link_type, bool nanoseconds = false);

    /// A frame at `time`, in the unit of the file since 1970, of which `captured` bytes are
    /// written.
    void write(bytes const& frame, std::uint64_t time = 0, std::size_t captured = 65535);

private:
    struct closer {
        void operator()(pcap* handle) const;
        void operator()(pcap_dumper* file) const;
    };
    std::unique_ptr<pcap, closer> handle_;
    std::unique_ptr<pcap_dumper, closer> file_;
    std::uint64_t per_second_;
};

} // namespace frames
