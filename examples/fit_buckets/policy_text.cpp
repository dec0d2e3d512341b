#include "policy_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <span>

namespace fit {

namespace {

constexpr std::size_t most_in_sample = 48; // sizes in one static_assert

/// A share of 0 to 1 in percent, with one digit behind the point.
std::string percent(double share)
{
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f%%", 100 * share);
    return text.data();
}

/// Sizes that stand for all: each for as many packets, those in the middle of each part of the
/// sorted traffic.
std::vector<std::size_t> sample(size_counts const& sizes)
{
    auto const packets = sizes.packets();
    auto const parts = std::min<std::uint64_t>(packets, most_in_sample);
    std::vector<std::size_t> result;
    std::uint64_t seen = 0;
    for (std::size_t size = 0; size <= largest_size; ++size) {
        seen += sizes.of(size);
        // The middle of part i is behind (2 * i + 1) / (2 * parts) of the packets.
        while (result.size() < parts && (2 * result.size() + 1) * packets < 2 * parts * seen) {
            result.push_back(size);
        }
    }
    return result;
}

/// As fragmentation::percent() of pktpool: rounded up.
std::uint64_t percent_rounded_up(loss const& of)
{
    return of.capacity == 0 ? 0
                            : (100 * (of.capacity - of.requested) + of.capacity - 1) / of.capacity;
}

/// Comma-separated numbers in indented lines.
std::string to_lines(std::span<std::size_t const> numbers)
{
    constexpr std::size_t longest = 90;
    std::string text;
    std::string line;
    for (auto const number : numbers) {
        auto const next = std::to_string(number) + ",";
        if (line.size() + next.size() >= longest) {
            text += "   " + line + "\n";
            line.clear();
        }
        line += " " + next;
    }
    line.pop_back();
    return text + "   " + line + "\n";
}

std::string bucket_lines(fitted_policy const& policy, size_counts const& sizes)
{
    std::vector<std::string> lines;
    std::size_t longest = 0;
    for (std::size_t i = 0; i < policy.buckets.size(); ++i) {
        lines.push_back("        pktpool::bucket{.size = " + std::to_string(policy.buckets[i]) +
                        ", .limit = " + std::to_string(policy.limits[i]) + "},");
        longest = std::max(longest, lines.back().size());
    }
    std::string text;
    auto const packets = static_cast<double>(sizes.packets());
    std::size_t size = 0;
    for (std::size_t i = 0; i < policy.buckets.size(); ++i) {
        std::uint64_t in_bucket = 0;
        for (; size <= policy.buckets[i]; ++size) {
            in_bucket += sizes.of(size);
        }
        lines[i].resize(longest, ' ');
        text += lines[i] + " // " + percent(static_cast<double>(in_bucket) / packets) +
                " of the datagrams\n";
    }
    return text;
}

} // namespace

bool is_identifier(std::string_view name)
{
    constexpr std::string_view digits = "0123456789";
    constexpr std::string_view all =
        "0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return !name.empty() && digits.find(name.front()) == std::string_view::npos &&
           name.find_first_not_of(all) == std::string_view::npos;
}

std::string to_text(fitted_policy const& policy, size_counts const& sizes)
{
    auto const least = sizes.least();
    auto const most = std::max(policy.most, sizes.most());
    auto const lost = loss_of(policy.buckets, sizes);
    auto const sampled = sample(sizes);
    size_counts of_sample;
    for (auto const size : sampled) {
        of_sample.add(size, 1);
    }
    auto const number = [](auto value) { return std::to_string(value); };
    return "// Fitted to captured datagrams: " + number(sizes.packets()) + ", of " + number(least) +
           " to " + number(sizes.most()) +
           " bytes.\n// Internal fragmentation: " + percent(lost.share()) +
           " of the capacity.\n"
           "#include <array>\n\n"
           "import pktpool;\n\n"
           "struct " +
           policy.name +
           " {\n"
           "    // Limits: " +
           policy.limits_are +
           ".\n"
           "    static constexpr std::array buckets{\n" +
           bucket_lines(policy, sizes) +
           "    };\n"
           "};\n\n"
           "static_assert(pktpool::bucket_policy<" +
           policy.name +
           ">);\n\n"
           "// The most bytes of internal fragmentation of one datagram of " +
           number(least) + " to " + number(most) +
           " bytes.\n"
           "static_assert(pktpool::worst_fragmentation<" +
           policy.name + ">(" + number(least) + ", " + number(most) +
           ") == " + number(worst_loss(policy.buckets, least, most)) +
           ");\n\n"
           "// " +
           (sampled.size() == sizes.packets() ? "The sizes of all datagrams."
                                              : "Every size stands for as many datagrams.") +
           "\n"
           "static_assert(pktpool::fragmentation_of<" +
           policy.name + ">({\n" + to_lines(sampled) +
           "}).percent() <= " + number(percent_rounded_up(loss_of(policy.buckets, of_sample))) +
           ");\n";
}

} // namespace fit
