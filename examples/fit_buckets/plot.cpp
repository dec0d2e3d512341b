#include "plot.hpp"

#include <algorithm>
#include <cstdint>
#include <sstream>

#include "gnuplot.hpp"

namespace fit {

namespace {

constexpr std::size_t most_boxes = 500; // more would be less than a pixel wide each

} // namespace

void plot(std::filesystem::path const& file, size_counts const& sizes,
          std::span<std::size_t const> buckets)
{
    auto const most = std::max(sizes.most(), buckets.back());
    auto const width = most / most_boxes + 1;
    std::ostringstream text;
    text << "set xlabel 'UDP payload, bytes; lines: buckets'\n"
         << "set ylabel 'datagrams'\n"
         << "set logscale y\n"
         << "set yrange [0.5:*]\n"
         << "set xrange [0:" << most + width << "]\n"
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
    gnuplot::draw(file, text.str());
}

} // namespace fit
