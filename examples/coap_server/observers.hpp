// The observers of each resource (RFC 7641), and the notifications that are not acknowledged yet.
// Each stays in its packet for the next transmission (RFC 7252 section 4.2).
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include "responder.hpp"

namespace coap {

using duration = std::chrono::steady_clock::duration;

/// `Packet` is a handle of a packet.
template <class Packet>
class observers {
public:
    static constexpr std::size_t most = 64;
    static constexpr int max_retransmit = 4; // RFC 7252 section 4.8

    explicit observers(duration ack_timeout) : ack_timeout_(ack_timeout) { all_.reserve(most); }

    /// Returns whether the observer was added. The same token of the same peer replaces its old
    /// entry.
    bool add(endpoint const& peer, bytes token, resource const& what, request const& r)
    {
        remove(peer, token);
        if (all_.size() == most) {
            return false;
        }
        observer next{.peer = peer, .token_length = token.size(), .what = &what};
        std::ranges::copy(token, next.token.begin());
        next.version = what.version;
        next.format = what.format;
        next.exponent = r.block2.value_or(block{}).exponent;
        all_.push_back(std::move(next));
        return true;
    }

    void remove(endpoint const& peer, bytes token)
    {
        std::erase_if(all_, [&](observer const& each) {
            return each.peer == peer && std::ranges::equal(each.known_as(), token);
        });
    }

    void acknowledged(endpoint const& peer, std::uint16_t id)
    {
        std::erase_if(all_, [&](observer& each) {
            bool const meant = each.awaits(peer, id);
            if (meant) {
                each.pending.reset();
            }
            return meant && each.is_last;
        });
    }

    void rejected(endpoint const& peer, std::uint16_t id)
    {
        std::erase_if(all_, [&](observer const& each) { return each.awaits(peer, id); });
    }

    /// one notification per peer may be unacknowledged; the change has to wait
    /// `send(packet, peer)` for each transmission.
    void transmit(time_point now, auto make, auto send)
    {
        std::erase_if(all_, [&](observer const& each) {
            return each.pending && each.due <= now && each.transmissions > max_retransmit;
        });
        for (auto& each : all_) {
            bool const changed = each.version != each.what->version;
            if (each.pending ? now < each.due : !changed) {
                continue; // a change waits: one notification is under way to a peer
            }
            if (changed) {
                bool const first = each.pending == nullptr;
                std::tie(each.id, each.pending) = make(each.notification(), each.known_as());
                each.version = each.what->version;
                if (first) {
                    each.transmissions = 0;
                    each.timeout = ack_timeout_ * percent_(random_) / 100;
                }
            }
            ++each.transmissions;
            each.due = now + each.timeout;
            each.timeout *= 2;
            send(*each.pending, each.peer);
        }
    }

private:
    struct observer {
        endpoint peer;
        std::array<std::byte, longest_token> token{};
        std::size_t token_length = 0;
        resource const* what = nullptr;
        std::uint32_t version = 0; ///< the version that the client has, or that was sent
        std::optional<std::uint16_t> format{};
        std::uint8_t exponent = 0;
        bool is_last = false; ///< whether this is the last notification
        Packet pending{};     ///< not acknowledged yet
        std::uint16_t id = 0;
        int transmissions = 0;
        duration timeout{};
        time_point due{};

        [[nodiscard]] bytes known_as() const { return bytes(token).first(token_length); }
        [[nodiscard]] bool awaits(endpoint const& from, std::uint16_t with) const
        {
            return pending && peer == from && id == with;
        }
        /// The first block; the client requests the others. All blocks have the content format of
        /// the registration: another format ends the registration (RFC 7641 section 4.2).
        answer notification()
        {
            is_last = is_last || what->format != format;
            if (is_last) {
                return {.result = code::not_acceptable};
            }
            auto const fits_one = what->body.size() <= block{.exponent = exponent}.size();
            return represent(*what,
                             fits_one ? std::nullopt : std::optional(block{.exponent = exponent}));
        }
    };

    duration ack_timeout_;
    std::vector<observer> all_;
    std::minstd_rand random_{std::random_device{}()};
    std::uniform_int_distribution<int> percent_{100, 150}; ///< ACK_RANDOM_FACTOR
};

} // namespace coap
