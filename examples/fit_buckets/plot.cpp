#include "plot.hpp"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#if defined(_WIN32)
#    define popen _popen
#    define pclose _pclose
#endif

namespace fit {

namespace {

#if defined(_WIN32)
constexpr char const* start_gnuplot = "gnuplot";
#else
constexpr char const* start_gnuplot = "command -v gnuplot >/dev/null && exec gnuplot";
#endif

constexpr std::size_t most_boxes = 500; // more would be less than a pixel wide each

/// A string of gnuplot, in which only the quote is special.
std::string quoted(std::string const& text)
{
    std::string result = "'";
    for (auto const letter : text) {
        result += letter == '\'' ? "''" : std::string(1, letter);
    }
    return result + "'";
}

std::string script(std::filesystem::path const& file, size_counts const& sizes,
                   std::span<std::size_t const> buckets)
{
    auto const most = std::max(sizes.most(), buckets.back());
    auto const width = most / most_boxes + 1;
    std::ostringstream text;
    text << "set terminal svg size 900,420 background 'white'\n"
         << "set output " << quoted(file.string()) << "\n"
         << "set xlabel 'UDP payload, bytes; lines: buckets'\n"
         << "set ylabel 'datagrams'\n"
         << "set logscale y\n"
         << "set yrange [0.5:*]\n"
         << "set xrange [0:" << most + width << "]\n"
         << "set tics nomirror out\n"
         << "set style fill solid noborder\n";
    for (auto const x : buckets) {
        text << "set arrow from " << x << ",graph 0 to " << x
             << ",graph 1 nohead lc rgb '#d95f02'\n"
             << "set label '" << x << "' at " << x << ",graph 1.03 center tc rgb '#d95f02'\n";
    }
    text << "plot '-' using 1:2 with boxes lc rgb '#1b6ca8' notitle\n";
    for (std::size_t from = 0; from <= most; from += width) {
        std::uint64_t packets = 0;
        for (auto size = from; size < std::min(from + width, largest_size + 1); ++size) {
            packets += sizes.of(size);
        }
        if (packets > 0) {
            text << from + width / 2 << ' ' << packets << '\n';
        }
    }
    text << "e\n";
    return text.str();
}

} // namespace

void plot(std::filesystem::path const& file, size_counts const& sizes,
          std::span<std::size_t const> buckets)
{
    auto const text = script(file, sizes, buckets);
    if (!std::ofstream(file)) { // which gnuplot reports in four lines
        throw std::runtime_error("--plot: " + file.string() + " cannot be written");
    }
#if !defined(_WIN32)
    std::signal(SIGPIPE, SIG_IGN); // of a gnuplot that ends early: its status says so
#endif
    // NOLINTNEXTLINE(bugprone-command-processor): the command is a constant
    auto* const gnuplot = popen(start_gnuplot, "w");
    if (gnuplot == nullptr) {
        throw std::runtime_error("--plot: gnuplot cannot be started");
    }
    std::fwrite(text.data(), 1, text.size(), gnuplot);
    if (pclose(gnuplot) != 0) {
        std::filesystem::remove(file);
        throw std::runtime_error("--plot: " + file.string() +
                                 " is not written: gnuplot is not installed, or failed");
    }
}

} // namespace fit
