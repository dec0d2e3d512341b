// CoAP between the socket and the resources: messages, duplicates and observers.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <utility>

#include <gsl/narrow>

#include "duplicates.hpp"
#include "observers.hpp"
#include "responder.hpp"
#include "service.hpp"

namespace coap {

template <class Pool>
class server {
public:
    using packet_ptr = typename Pool::packet_ptr;

    server(net::service<Pool>& service, coap::resources& resources, std::size_t most_bytes,
           duration ack_timeout)
        : service_(service), resources_(resources), responder_(resources, most_bytes),
          observers_(ack_timeout)
    {
    }

    void on_datagram(packet_ptr p, endpoint const& from)
    {
        auto const m = read_message(p->used());
        if (!m) {
            service_.count_malformed();
            auto const head = read_header(p->used());
            if (head && head->type == kind::confirmable) {
                reject(head->id, from);
            }
        } else if (m->type == kind::acknowledgement) {
            observers_.acknowledged(from, m->id);
        } else if (m->type == kind::reset) {
            observers_.rejected(from, m->id);
        } else if (m->code != code::empty && class_of(m->code) == 0) {
            serve(*m, from);
        } else if (m->type == kind::confirmable) {
            reject(m->id, from); // a ping, or an answer without a request
        }
    }

    /// Called ten times a second. Only this function sends notifications: they are sent at the end
    /// of a tick, so no datagram can remove a packet that is still in the batch.
    void on_tick()
    {
        observers_.transmit(
            std::chrono::steady_clock::now(),
            [&](answer a, bytes token) {
                if (a.result == code::content) {
                    a.observe = next_sequence();
                }
                auto const id = next_id_++;
                return std::pair(id, to_packet(a, kind::confirmable, id, token));
            },
            [&](auto& packet, endpoint const& to) {
                ++notifications_;
                service_.send_kept(packet, to);
            });
    }

    void report() const
    {
        std::printf("%llu duplicates, %llu notifications\n", duplicates_, notifications_);
    }

private:
    static constexpr std::size_t most_remembered = 128;
    static_assert(most_remembered > net::batch_size, "what is under way is remembered");

    void serve(message const& m, endpoint const& from)
    {
        auto const now = std::chrono::steady_clock::now();
        if (auto const* const known = remembered_.find(from, m.id, now)) {
            ++duplicates_;
            if (known->answer) {
                service_.send_kept(*known->answer, from);
            }
            return;
        }
        auto const r = read_request(m);
        bool const confirmable = m.type == kind::confirmable;
        if (r.refusal == code::bad_option && !confirmable) {
            return; // RFC 7252 section 5.4.1
        }
        auto a = responder_.respond(m, r, from, now);
        if (m.code == code::get && a.result == code::content && r.observe) {
            observe(m, r, a, from);
        }
        if (confirmable) {
            auto p = to_packet(a, kind::acknowledgement, m.id, m.token);
            service_.send_kept(*remembered_.add(from, m.id, now, std::move(p)).answer, from);
        } else {
            service_.send(to_packet(a, kind::non_confirmable, next_id_++, m.token), from);
            remembered_.add(from, m.id, now, nullptr);
        }
    }

    void observe(message const& m, request const& r, answer& a, endpoint const& from)
    {
        bool const whole = !r.block2 || r.block2->number == 0;
        if (*r.observe == 1) {
            observers_.remove(from, m.token);
        } else if (*r.observe == 0 && whole &&
                   observers_.add(from, m.token, *resources_.find(r.path), r)) {
            a.observe = next_sequence();
        }
    }

    packet_ptr to_packet(answer const& a, kind type, std::uint16_t id, bytes token)
    {
        auto p = service_.pool().acquire(largest_head + a.payload.size());
        auto buffer = p->buffer(largest_head);
        auto const head = a.write_head(buffer, type, id, token);
        p->size = p->header_size = gsl::narrow<std::uint16_t>(head);
        std::ranges::copy(a.payload, p->append(a.payload.size()).begin());
        return p; // the tailroom is not used
    }

    void reject(std::uint16_t id, endpoint const& to)
    {
        auto p = service_.pool().acquire(largest_head);
        auto buffer = p->buffer(largest_head);
        writer const w(buffer, {.type = kind::reset, .id = id}, {});
        p->size = gsl::narrow<std::uint16_t>(w.size());
        service_.send(std::move(p), to);
    }

    std::uint32_t next_sequence() { return ++sequence_ & 0xffffffU; }

    net::service<Pool>& service_;
    coap::resources& resources_;
    responder responder_;
    observers<packet_ptr> observers_;
    duplicates<packet_ptr> remembered_{most_remembered};
    std::uint16_t next_id_ = gsl::narrow_cast<std::uint16_t>(std::random_device{}());
    std::uint32_t sequence_ = 0;
    unsigned long long duplicates_ = 0;
    unsigned long long notifications_ = 0;
};

} // namespace coap
