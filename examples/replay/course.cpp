#include "course.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <ios>

#include "gnuplot.hpp"
#include "player.hpp"

import pktpool;

namespace {

/// Idle and outstanding bytes over the course of a trace, up to about 2000 rows.
template <class Pool>
void write_table(packet_trace const& trace, std::filesystem::path const& path)
{
    std::ofstream out(path);
    out.exceptions(std::ios::failbit | std::ios::badbit);
    out << "record\tidle\toutstanding\n";
    player<Pool> with(trace);
    auto const stride = std::max<std::size_t>(1, trace.records.size() / 2000);
    for (std::size_t i = 0; i < trace.records.size(); ++i) {
        with.play(trace.records[i]);
        if (i % stride == 0) {
            out << i << '\t' << with.pool().idle().bytes << '\t' << with.outstanding() << '\n';
        }
    }
}

void plot_course(std::string const& name, std::filesystem::path const& folder)
{
    auto const curve = [&](char const* pool, char const* bytes, char const* style) {
        auto const table = (folder / (name + "." + pool + ".tsv")).string();
        return gnuplot::quoted(table) + " skip 1 using ($1/1000):((" + bytes +
               ")/1024) with lines " + style + ", ";
    };
    try {
        gnuplot::draw(folder / (name + ".svg"),
                      "set termoption noenhanced\nset grid\nset key outside top center "
                      "horizontal\nset autoscale xfix\nset title " +
                          gnuplot::quoted(name) +
                          "\nset xlabel 'thousand records of the trace'\n"
                          "set ylabel 'KiB'\nplot " +
                          curve("adaptive", "$2+$3",
                                "lc rgb '#1f77b4' title 'adaptive: idle and outstanding'") +
                          curve("adaptive", "$2", "lc rgb '#d62728' title 'adaptive: idle'") +
                          curve("adaptive", "$3", "lc rgb 'black' title 'outstanding'") +
                          // on top: its few packets are low in the plot
                          curve("packet_pool", "$2", "lc rgb '#ff9900' title 'packet_pool: idle'") +
                          "\n");
    } catch (std::exception const& e) { // the tables are there
        std::fprintf(stderr, "replay: %s\n", e.what());
    }
}

} // namespace

void write_course(packet_trace const& trace, std::string const& name,
                  std::filesystem::path const& folder)
{
    std::filesystem::create_directories(folder);
    write_table<pktpool::packet_pool>(trace, folder / (name + ".packet_pool.tsv"));
    write_table<pktpool::adaptive_packet_pool>(trace, folder / (name + ".adaptive.tsv"));
    plot_course(name, folder);
}
