// Which packets a call made and freed: what their source did, on any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <span>

namespace fuzz {

/// The changes of one call.
struct packet_changes {
    std::set<void const*> made;  ///< and not freed by the same call
    std::set<void const*> freed; ///< existed before
};

/// Does not allocate while a call is measured.
class packet_log {
public:
    void clear() { size_ = 0; }
    void made(void const* packet) { add({.packet = packet, .is_new = true}); }
    void freed(void const* packet) { add({.packet = packet, .is_new = false}); }

    [[nodiscard]] packet_changes changes() const
    {
        packet_changes result;
        for (auto const& [packet, is_new] : std::span(events_).first(size_)) {
            if (is_new) {
                result.made.insert(packet);
            } else if (result.made.erase(packet) == 0) {
                result.freed.insert(packet);
            }
        }
        return result;
    }

private:
    struct event {
        void const* packet;
        bool is_new;
    };

    void add(event next)
    {
        if (size_ == events_.size()) {
            std::fputs("fuzz: a call makes and frees more packets than the log has room for\n",
                       stderr);
            std::abort();
        }
        events_.at(size_++) = next;
    }

    std::array<event, std::size_t{1} << 14> events_{};
    std::size_t size_ = 0;
};

} // namespace fuzz
