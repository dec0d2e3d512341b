// The latest messages with their answers: a duplicate gets the same answer and is not executed
// again (RFC 7252 section 4.5).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <utility>

#include "resources.hpp"

namespace coap {

template <class Packet>
class duplicates {
public:
    static constexpr std::chrono::seconds lifetime{247}; // EXCHANGE_LIFETIME, section 4.8.2

    struct entry {
        endpoint peer{};
        std::uint16_t id = 0;
        time_point since{};
        bool used = false;
        Packet answer{}; ///< null for a message without an answer
    };

    explicit duplicates(std::size_t most) : latest_first_(most) {}

    /// Null for a new message. The returned packet, and an added one, stay valid during the next
    /// `most - 1` calls, because they may be in a batch that is not sent yet.
    entry const* find(endpoint const& peer, std::uint16_t id, time_point now)
    {
        for (auto each = latest_first_.begin(); each != latest_first_.end() && each->used; ++each) {
            if (each->id == id && each->peer == peer && now - each->since < lifetime) {
                latest_first_.splice(latest_first_.begin(), latest_first_, each);
                return &*each;
            }
        }
        return nullptr;
    }

    entry const& add(endpoint const& peer, std::uint16_t id, time_point now, Packet answer)
    {
        auto const oldest = std::prev(latest_first_.end());
        *oldest = {.peer = peer, .id = id, .since = now, .used = true, .answer = std::move(answer)};
        latest_first_.splice(latest_first_.begin(), latest_first_, oldest);
        return *oldest;
    }

private:
    std::list<entry> latest_first_;
};

} // namespace coap
