// Plots, drawn by gnuplot.
#pragma once

#include <filesystem>
#include <string>

namespace gnuplot {

/// A string of gnuplot, in which only the quote is special.
std::string quoted(std::string const& text);

/// Draws an SVG file of 900 by 420 pixels with the commands, the last of which is `plot`. Throws
/// std::runtime_error if the file cannot be written, and if gnuplot is not installed or fails; then
/// there is no file.
void draw(std::filesystem::path const& file, std::string const& commands);

} // namespace gnuplot
