// Memory of a pool over the course of a trace.
#pragma once

#include <filesystem>
#include <string>

#include "packet_trace.hpp"

/// Writes a table per pool, NAME.POOL.tsv, and a plot, NAME.svg: idle and outstanding bytes,
/// headers included. Makes the folder. Without gnuplot it says on stderr that there is no plot.
/// Throws std::filesystem::filesystem_error and std::ios_base::failure.
void write_course(packet_trace const& trace, std::string const& name,
                  std::filesystem::path const& folder);
