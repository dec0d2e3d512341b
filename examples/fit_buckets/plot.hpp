// The sizes as a histogram with the buckets as lines.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "sizes.hpp"

namespace fit {

/// Writes an SVG file. `buckets`: sizes in bytes. Throws as gnuplot::draw.
void plot(std::filesystem::path const& file, size_counts const& sizes,
          std::span<std::size_t const> buckets);

} // namespace fit
