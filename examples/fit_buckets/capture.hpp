// Reads the UDP datagrams of a capture file, pcap or pcapng, with libpcap.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "frame.hpp"

struct pcap;

namespace fit {

struct arrival {
    std::chrono::nanoseconds at; ///< since 1970
    frame datagram;              ///< of the kind udp
};

/// Frames that pass the filter, by kind.
struct frame_counts {
    std::size_t udp = 0;
    std::size_t later_fragments = 0;
    std::size_t other_protocols = 0;
    std::size_t cut = 0;
    std::size_t malformed = 0;

    [[nodiscard]] std::size_t all() const
    {
        return udp + later_fragments + other_protocols + cut + malformed;
    }
    /// "3 of other protocols, 1 malformed": the frames that are not used; empty if all are.
    [[nodiscard]] std::string unused() const;
};

/// One line: the file, and what is wrong.
struct capture_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class capture_reader {
public:
    /// `filter` is an expression of pcap-filter(7); empty: all frames. Throws capture_error for a
    /// file that cannot be read or is no capture, an unknown link type and a wrong filter.
    capture_reader(std::filesystem::path const& file, std::string const& filter);

    /// The next UDP datagram; nothing at the end, or where the file is damaged.
    std::optional<arrival> next();

    [[nodiscard]] frame_counts const& counts() const { return counts_; }
    /// Why the file cannot be read to its end; empty if it can.
    [[nodiscard]] std::string const& damage() const { return damage_; }
    /// Position in the file, in bytes.
    [[nodiscard]] std::size_t position() const;

private:
    struct closer {
        void operator()(pcap* handle) const;
    };

    void set_filter(std::string const& filter);

    std::string name_;
    std::unique_ptr<pcap, closer> handle_;
    link_layer link_ = link_layer::raw_ip;
    frame_counts counts_;
    std::string damage_;
};

} // namespace fit
