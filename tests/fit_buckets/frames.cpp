#include "frames.hpp"

#include <algorithm>
#include <stdexcept>

#include <pcap/pcap.h>

namespace frames {

bytes u16(unsigned value)
{
    return {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
}

bytes udp_of_length(unsigned length, std::size_t size)
{
    return u16(40000) + u16(5683) + u16(length) + u16(0) + bytes(size, 0x2a);
}

bytes udp(std::size_t size)
{
    return udp_of_length(static_cast<unsigned>(size) + 8, size);
}

bytes ipv4(bytes const& payload, ipv4_fields with)
{
    auto const header = 20 + with.options;
    auto const total = static_cast<int>(header + payload.size()) + with.length_error;
    return bytes{static_cast<std::uint8_t>(0x40U + header / 4), 0} +
           u16(static_cast<unsigned>(total)) + u16(1) + u16(with.fragment) +
           bytes{64, static_cast<std::uint8_t>(with.protocol)} + u16(0) + bytes{127, 0, 0, 1} +
           bytes{127, 0, 0, 1} + bytes(with.options, 1) + payload;
}

bytes ipv6(bytes const& payload, std::vector<extension> const& extensions, unsigned last,
           int length_error)
{
    bytes rest;
    for (std::size_t i = 0; i < extensions.size(); ++i) {
        auto content = extensions[i].content;
        content.front() =
            static_cast<std::uint8_t>(i + 1 < extensions.size() ? extensions[i + 1].type : last);
        rest = rest + content;
    }
    rest = rest + payload;
    auto const first = extensions.empty() ? last : extensions.front().type;
    return bytes{0x60, 0, 0, 0} +
           u16(static_cast<unsigned>(static_cast<int>(rest.size()) + length_error)) +
           bytes{static_cast<std::uint8_t>(first), 64} + bytes(32, 0) + rest;
}

bytes ethernet(unsigned type, bytes const& packet)
{
    return bytes(12, 2) + u16(type) + packet;
}

bytes vlan(unsigned type, bytes const& packet)
{
    return u16(7) + u16(type) + packet;
}

bytes linux_cooked(unsigned type, bytes const& packet)
{
    return u16(0) + u16(772) + u16(6) + bytes(8, 0) + u16(type) + packet;
}

bytes linux_cooked_v2(unsigned type, bytes const& packet)
{
    return u16(type) + u16(0) + bytes{0, 0, 0, 1} + u16(772) + bytes{0, 6} + bytes(8, 0) + packet;
}

bytes loopback(unsigned family, bytes const& packet)
{
    return bytes{static_cast<std::uint8_t>(family), 0, 0, 0} + packet;
}

void capture_writer::closer::operator()(pcap* handle) const
{
    pcap_close(handle);
}

void capture_writer::closer::operator()(pcap_dumper* file) const
{
    pcap_dump_close(file);
}

capture_writer::capture_writer(std::filesystem::path const& file, int link_type, bool nanoseconds)
    : handle_(pcap_open_dead_with_tstamp_precision(link_type, 65535,
                                                   nanoseconds ? PCAP_TSTAMP_PRECISION_NANO
                                                               : PCAP_TSTAMP_PRECISION_MICRO)),
      per_second_(nanoseconds ? 1'000'000'000 : 1'000'000)
{
    file_.reset(pcap_dump_open(handle_.get(), file.string().c_str()));
    if (file_ == nullptr) {
        throw std::runtime_error(pcap_geterr(handle_.get()));
    }
}

void capture_writer::write(bytes const& frame, std::uint64_t time, std::size_t captured)
{
    pcap_pkthdr header{};
    header.ts.tv_sec = static_cast<decltype(header.ts.tv_sec)>(time / per_second_);
    header.ts.tv_usec = static_cast<decltype(header.ts.tv_usec)>(time % per_second_);
    header.caplen = static_cast<bpf_u_int32>(std::min(captured, frame.size()));
    header.len = static_cast<bpf_u_int32>(frame.size());
    // The dumper travels as the "user" of a callback of pcap_dispatch().
    pcap_dump(reinterpret_cast<u_char*>(file_.get()), &header, frame.data());
}

} // namespace frames
