#include "gnuplot.hpp"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#if defined(_WIN32)
#    define popen _popen
#    define pclose _pclose
#endif

namespace gnuplot {

namespace {

#if defined(_WIN32)
constexpr char const* start_gnuplot = "gnuplot";
#else
constexpr char const* start_gnuplot = "command -v gnuplot >/dev/null && exec gnuplot";
#endif

} // namespace

std::string quoted(std::string const& text)
{
    std::string result = "'";
    for (auto const letter : text) {
        result += letter == '\'' ? "''" : std::string(1, letter);
    }
    return result + "'";
}

void draw(std::filesystem::path const& file, std::string const& commands)
{
    if (!std::ofstream(file)) { // which gnuplot reports in four lines
        throw std::runtime_error(file.string() + " cannot be written");
    }
#if !defined(_WIN32)
    std::signal(SIGPIPE, SIG_IGN); // of a gnuplot that ends early: its status says so
#endif
    // NOLINTNEXTLINE(bugprone-command-processor): the command is a constant
    auto* const gnuplot = popen(start_gnuplot, "w");
    if (gnuplot == nullptr) {
        throw std::runtime_error("gnuplot cannot be started");
    }
    auto const text = "set terminal svg size 900,420 background 'white'\nset output " +
                      quoted(file.string()) + "\nset tics nomirror out\n" + commands;
    std::fwrite(text.data(), 1, text.size(), gnuplot);
    if (pclose(gnuplot) != 0) {
        std::filesystem::remove(file);
        throw std::runtime_error(
            file.string() +
            " is not written: gnuplot is not installed (Debian: gnuplot-nox), or failed");
    }
}

} // namespace gnuplot
