#include "dns_message.hpp"

#include <algorithm>

#include <gsl/assert>
#include <gsl/narrow>

namespace dns {

namespace {

constexpr std::uint32_t seconds_to_live = 300;
constexpr std::size_t opt_size = 11;    // without options
constexpr std::size_t record_head = 12; // the name is a pointer to the question

class writer {
public:
    explicit writer(gsl::span<std::byte> out) : out_(out) {}

    void u8(std::size_t value) { put(gsl::narrow<std::uint8_t>(value)); }
    void u16(std::size_t value)
    {
        auto const both = gsl::narrow<std::uint16_t>(value);
        put(both >> 8);
        put(both & 0xffU);
    }
    void u32(std::uint32_t value)
    {
        u16(value >> 16);
        u16(value & 0xffffU);
    }
    void copy(bytes from)
    {
        std::ranges::copy(from, out_.subspan(position_, from.size()).begin());
        position_ += from.size();
    }
    [[nodiscard]] bool full() const { return position_ == out_.size(); }

private:
    void put(unsigned value) { out_[position_++] = static_cast<std::byte>(value); }

    gsl::span<std::byte> out_;
    std::size_t position_ = 0;
};

} // namespace

answer plan_answer(query const& to, response_code code, gsl::span<record_data const> records,
                   std::size_t max_size)
{
    // RFC 6891 6.2.3: less than 512 means 512.
    auto const limit = to.edns ? std::clamp<std::size_t>(to.edns->payload_size, plain_size,
                                                         std::max(max_size, plain_size))
                               : plain_size;
    answer planned{.code = code, .truncated = false, .records = records, .size = 0};
    auto const empty = header_size + to.question.size() + (to.edns ? opt_size : 0);
    planned.size = empty;
    for (auto const& data : records) {
        planned.size += record_head + data.size();
    }
    if (planned.size > limit) {
        planned.truncated = true;
        planned.records = {};
        planned.size = empty;
    }
    return planned;
}

void write_answer(query const& to, answer const& planned, gsl::span<std::byte> out)
{
    auto const code = static_cast<std::uint16_t>(planned.code);
    bool const known =
        planned.code == response_code::no_error || planned.code == response_code::name_error;
    writer into(out);
    into.u16(to.id);
    into.u16(0x8000U | unsigned{to.opcode} << 11 | (known ? 0x0400U : 0U) |
             (planned.truncated ? 0x0200U : 0U) | (to.recursion_desired ? 0x0100U : 0U) |
             (code & 0xfU));
    into.u16(to.question.empty() ? 0 : 1);
    into.u16(planned.records.size());
    into.u16(0);
    into.u16(to.edns ? 1 : 0);
    into.copy(to.question);
    for (auto const& data : planned.records) {
        into.u16(0xc000U | header_size); // RFC 1035 4.1.4
        into.u16(to.type);
        into.u16(internet);
        into.u32(seconds_to_live);
        into.u16(data.size());
        into.copy(data);
    }
    if (to.edns) { // RFC 6891 6.1.2
        into.u8(0);
        into.u16(types::opt);
        into.u16(largest_message);
        into.u8(code >> 4);
        into.u8(0); // version
        into.u16(0);
        into.u16(0);
    }
    Ensures(into.full());
}

} // namespace dns
