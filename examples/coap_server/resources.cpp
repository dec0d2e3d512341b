#include "resources.hpp"

#include <algorithm>
#include <utility>

namespace coap {

namespace {

constexpr std::uint16_t link_format = 40; // RFC 7252 section 12.3

void append(body& to, bytes from)
{
    to.insert(to.end(), from.begin(), from.end());
}

} // namespace

resources::resources(std::size_t most, std::size_t most_bytes)
    : most_(most), most_bytes_(most_bytes),
      list_(&all_.emplace(listing, resource{.body = {}, .format = link_format}).first->second)
{
}

resource const* resources::find(std::string_view path) const
{
    auto const found = all_.find(path);
    return found == all_.end() ? nullptr : &found->second;
}

bool resources::fits(std::string_view path, std::size_t size) const
{
    auto const* const old = find(path);
    auto const others = bytes_ - (old == nullptr ? 0 : old->body.size());
    auto const added = old == nullptr ? path.size() + size : size;
    return (old != nullptr || all_.size() <= most_) && added <= most_bytes_ &&
           others <= most_bytes_ - added;
}

code resources::put(std::string const& path, coap::body content,
                    std::optional<std::uint16_t> format)
{
    if (!fits(path, content.size())) {
        return code::too_large;
    }
    content.shrink_to_fit(); // the capacity counts towards the bound
    auto const [entry, created] = all_.try_emplace(path);
    auto& held = entry->second;
    bytes_ += content.size() - held.body.size();
    held.body = std::move(content);
    held.format = format;
    ++held.version;
    if (created) {
        bytes_ += path.size();
        auto const link = (list_->body.empty() ? "</" : ",</") + path + ">;obs"; // RFC 6690, 7641
        append(list_->body, gsl::as_bytes(gsl::span(link)));
        ++list_->version;
    }
    return created ? code::created : code::changed;
}

uploads::progress uploads::add(endpoint const& peer, std::string const& path, block const& part,
                               bytes payload, time_point now)
{
    std::erase_if(all_, [&](upload const& each) {
        bool const gone = each.touched + patience < now;
        bytes_ -= gone ? each.body.size() : 0;
        return gone;
    });
    auto found = std::ranges::find_if(
        all_, [&](upload const& each) { return each.peer == peer && each.path == path; });
    auto const end_with = [&](code answer) {
        progress last{.answer = answer};
        if (found != all_.end()) {
            bytes_ -= found->body.size();
            last.body = std::move(found->body);
            all_.erase(found);
        }
        return last;
    };
    if (part.number == 0) {
        end_with(code::continue_); // continues a body
        if (all_.size() == most) {
            return {.answer = code::unavailable};
        }
        found = all_.insert(all_.end(), {.peer = peer, .path = path});
    }
    if (found == all_.end() || part.offset() != found->body.size()) {
        return end_with(code::incomplete);
    }
    if (payload.size() > part.size() || (part.more && payload.size() != part.size())) {
        return end_with(code::bad_request);
    }
    if (payload.size() > most_bytes_ - bytes_) {
        return end_with(code::too_large);
    }
    append(found->body, payload);
    bytes_ += payload.size();
    found->touched = now;
    return part.more ? progress{} : end_with(code::content);
}

} // namespace coap
