#include "capture.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <utility>

#include <pcap/pcap.h>

namespace fit {

namespace {

/// Seconds since 1970 that nanoseconds in 64 bits can count; pcapng has room for more.
constexpr std::chrono::seconds::rep latest = 9'000'000'000;

std::optional<link_layer> to_link_layer(int type)
{
    switch (type) {
    case DLT_EN10MB:
        return link_layer::ethernet;
    case DLT_LINUX_SLL:
        return link_layer::linux_cooked;
    case DLT_LINUX_SLL2:
        return link_layer::linux_cooked_v2;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
        return link_layer::raw_ip;
    case DLT_NULL:
    case DLT_LOOP:
        return link_layer::loopback;
    default:
        return std::nullopt;
    }
}

std::string name_of_link_type(int type)
{
    char const* const name = pcap_datalink_val_to_name(type);
    return name == nullptr ? std::to_string(type) : name;
}

std::size_t& of_kind(frame_counts& counts, frame_kind kind)
{
    switch (kind) {
    case frame_kind::udp:
        return counts.udp;
    case frame_kind::later_fragment:
        return counts.later_fragments;
    case frame_kind::cut:
        return counts.cut;
    case frame_kind::malformed:
        return counts.malformed;
    case frame_kind::other_protocol:
        break;
    }
    return counts.other_protocols;
}

} // namespace

std::string frame_counts::unused() const
{
    std::string text;
    for (auto const& [count, what] : {std::pair{other_protocols, " of other protocols"},
                                      std::pair{later_fragments, " later fragments"},
                                      std::pair{cut, " cut before the end of the UDP header"},
                                      std::pair{malformed, " malformed"}}) {
        if (count > 0) {
            text += (text.empty() ? "" : ", ") + std::to_string(count) + what;
        }
    }
    return text;
}

void capture_reader::closer::operator()(pcap* handle) const
{
    pcap_close(handle);
}

capture_reader::capture_reader(std::filesystem::path const& file, std::string const& filter)
    : name_(file.string())
{
    if (!std::filesystem::is_regular_file(file)) { // libpcap reads a directory as an empty file
        throw capture_error(name_ + ": cannot be read as a file");
    }
    std::array<char, PCAP_ERRBUF_SIZE> why{};
    handle_.reset(pcap_open_offline_with_tstamp_precision(name_.c_str(), PCAP_TSTAMP_PRECISION_NANO,
                                                          why.data()));
    if (handle_ == nullptr) {
        std::string reason = why.data();
        if (reason.starts_with(name_ + ": ")) { // of fopen()
            reason.erase(0, name_.size() + 2);
        }
        throw capture_error(name_ + ": no capture that libpcap can read: " + reason);
    }
    auto const type = pcap_datalink(handle_.get());
    auto const link = to_link_layer(type);
    if (!link) {
        throw capture_error(name_ + ": link type " + name_of_link_type(type) +
                            " is unknown; known are Ethernet, Linux cooked, raw IP and loopback");
    }
    link_ = *link;
    set_filter(filter);
}

void capture_reader::set_filter(std::string const& filter)
{
    if (filter.empty()) {
        return;
    }
    bpf_program program{};
    if (pcap_compile(handle_.get(), &program, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
        throw capture_error(name_ + ": filter \"" + filter + "\": " + pcap_geterr(handle_.get()));
    }
    auto const result = pcap_setfilter(handle_.get(), &program);
    pcap_freecode(&program);
    if (result != 0) {
        throw capture_error(name_ + ": filter \"" + filter + "\": " + pcap_geterr(handle_.get()));
    }
}

std::optional<arrival> capture_reader::next()
{
    pcap_pkthdr* header = nullptr;
    unsigned char const* data = nullptr;
    while (true) {
        auto const result = pcap_next_ex(handle_.get(), &header, &data);
        if (result != 1) {
            if (result != PCAP_ERROR_BREAK) { // which is the end of the file
                damage_ = pcap_geterr(handle_.get());
            }
            return std::nullopt;
        }
        auto const found = parse_frame(link_, std::as_bytes(std::span(data, header->caplen)));
        ++of_kind(counts_, found.kind);
        if (found.kind == frame_kind::udp) {
            // With PCAP_TSTAMP_PRECISION_NANO tv_usec holds nanoseconds.
            auto const seconds =
                std::clamp<std::chrono::seconds::rep>(header->ts.tv_sec, 0, latest);
            return arrival{.at = std::chrono::seconds(seconds) +
                                 std::chrono::nanoseconds(header->ts.tv_usec),
                           .datagram = found};
        }
    }
}

std::size_t capture_reader::position() const
{
    auto const at = std::ftell(pcap_file(handle_.get()));
    return at < 0 ? 0 : static_cast<std::size_t>(at);
}

} // namespace fit
