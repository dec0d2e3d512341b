// The sizes as a histogram with the buckets as lines, drawn by gnuplot.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "sizes.hpp"

namespace fit {

/// Writes an SVG file. `buckets`: sizes in bytes. Throws std::runtime_error if gnuplot is not
/// installed, or cannot write the file.
void plot(std::filesystem::path const& file, size_counts const& sizes,
          std::span<std::size_t const> buckets);

} // namespace fit
