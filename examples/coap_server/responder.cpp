#include "responder.hpp"

#include <algorithm>
#include <utility>

namespace coap {

std::size_t answer::write_head(gsl::span<std::byte> buffer, kind type, std::uint16_t id,
                               bytes token) const
{
    writer w(buffer, {.type = type, .code = result, .id = id}, token);
    if (observe) {
        w.add(option::observe, *observe);
    }
    if (format) {
        w.add(option::content_format, *format);
    }
    if (block2) {
        w.add(option::block2, block2->to_value());
    }
    if (block1) {
        w.add(option::block1, block1->to_value());
    }
    if (!payload.empty()) {
        w.mark_payload();
    }
    return w.size();
}

answer represent(resource const& what, std::optional<block> const& requested)
{
    auto part = requested.value_or(block{});
    bytes const all = what.body;
    if (part.number > 0 && part.offset() >= all.size()) {
        return {.result = code::bad_request};
    }
    auto const rest = all.subspan(part.offset());
    part.more = rest.size() > part.size();
    answer a{.format = what.format, .payload = rest.first(std::min(rest.size(), part.size()))};
    if (requested || part.more) {
        a.block2 = part;
    }
    return a;
}

answer responder::respond(message const& m, request const& r, endpoint const& peer, time_point now)
{
    if (r.refusal != code::empty) {
        return {.result = r.refusal};
    }
    switch (m.code) {
    case code::get:
        return get(r);
    case code::put:
        return put(m.payload, r, peer, now);
    default:
        return {.result = code::method_not_allowed};
    }
}

answer responder::get(request const& r) const
{
    auto const* const found = resources_.find(r.path);
    if (found == nullptr) {
        return {.result = code::not_found};
    }
    if (r.accept && found->format && *r.accept != *found->format) {
        return {.result = code::not_acceptable};
    }
    return represent(*found, r.block2);
}

answer responder::put(bytes payload, request const& r, endpoint const& peer, time_point now)
{
    if (r.path.empty() || r.path == resources::listing) {
        return {.result = code::method_not_allowed};
    }
    auto const offset = r.block1 ? r.block1->offset() : 0;
    if (!resources_.fits(r.path, offset + payload.size())) {
        return {.result = code::too_large};
    }
    uploads::progress arrived{.answer = code::content};
    if (r.block1) {
        arrived = uploads_.add(peer, r.path, *r.block1, payload, now);
    } else {
        arrived.body.assign(payload.begin(), payload.end());
    }
    if (arrived.answer != code::content && arrived.answer != code::continue_) {
        return {.result = arrived.answer};
    }
    auto const result = arrived.answer == code::content
                            ? resources_.put(r.path, std::move(arrived.body), r.format)
                            : code::continue_;
    return {.result = result, .block1 = r.block1};
}

} // namespace coap
