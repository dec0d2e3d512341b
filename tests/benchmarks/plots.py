#!/usr/bin/env python3
"""Plots of the results, drawn by gnuplot.

Usage: plots.py FOLDER    redraws the plots of the traces from FOLDER/results.md
"""
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HEAD = """set terminal svg size {size} background "white" font "sans-serif,13"
set output "{name}.svg"
set title "{title}"
set grid
"""
# Colour and line width; other contenders are only in the tables.
STYLES = {
    "floor": ("black", 2), "adaptive": ("#d62728", 4), "default": ("#ff9896", 2),
    "libtorrent": ("#1f77b4", 4), "malloc": ("#7f7f7f", 2), "mimalloc": ("#bcbd22", 1),
    "jemalloc": ("#8c564b", 1), "tcmalloc": ("#17becf", 1), "boost_pool": ("#2ca02c", 1),
    "pmr": ("#e377c2", 1), "foonathan": ("#98df8a", 1), "dpdk": ("#9467bd", 1),
}
# Few bars a plot: in the first the pools and the best allocators, for README.
TRACE_PLOTS = {
    "trace": ("adaptive", "boost_pool", "foonathan", "tcmalloc", "libtorrent", "malloc"),
    "trace_others": ("adaptive", "default", "mimalloc", "jemalloc", "pmr", "dpdk"),
}


def plot(folder, name, columns, rows, head, elements):
    """Columns of numbers, and a plot element per column; replaces `{column}` and its style."""
    with open(folder / f"{name}.dat", "w", encoding="utf-8") as data:
        for row in [["#", *columns], *rows]:
            print(*row, file=data)
    drawn = [elements.format(name=name, column=number, width=STYLES[column][1],
                             colour=STYLES[column][0], title=column.replace("_", " "))
             for number, column in enumerate(columns, 2)]
    (folder / f"{name}.gnuplot").write_text(head + "plot " + ", \\\n     ".join(drawn) + "\n")
    subprocess.run(["gnuplot", f"{name}.gnuplot"], cwd=folder, check=True)


def burst_plot(bench, folder):
    keys = [key for key in bench.samples if key[0] == "burst"]
    if not keys:
        return
    names = [name for name in STYLES if name in bench.samples[keys[0]]]
    plot(folder, "burst", names,
         [[key[1], *(statistics.median(bench.samples[key][name]) for name in names)]
          for key in keys],
         HEAD.format(size="900,520", name="burst",
                     title="acquire N packets of 1472 bytes, release N")
         + "set key outside right\n"
         + 'set logscale x 2\nset logscale y 10\nset xlabel "N"\nset ylabel "ns per packet"\n',
         '"{name}.dat" using 1:{column} with linespoints linecolor rgb "{colour}" '
         'linewidth {width} pointtype 7 pointsize 0.4 title "{title}"')


def trace_medians(results):
    """(traces, {contender: medians}) of the first table of the recorded transfers."""
    part = results.partition("## Recorded transfers")[2]
    lines = re.match(r"[^|]*((?:\|.*\n)+)", part)
    if lines is None:
        return [], {}
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]]
                      for line in lines[1].splitlines()]
    return head[1:], {row[0]: [cell.split()[0] for cell in row[1:]] for row in rows}


def trace_plots(folder):
    traces, medians = trace_medians((folder / "results.md").read_text(encoding="utf-8"))
    for name, wanted in TRACE_PLOTS.items():
        names = [each for each in wanted if each in medians]
        if len(names) < 2:
            continue
        plot(folder, name, names,
             [[f'"{trace}"', *(medians[each][i] for each in names)]
              for i, trace in enumerate(traces)],
             HEAD.format(size="1000,460", name=name,
                         title="time per packet of recorded transfers; 1 is a bare free list")
             + "set key outside top center horizontal\nset style data histogram\nset style histogram clustered gap 2\n"
             "set style fill solid 0.9\nset yrange [0:*]\nset xtics noenhanced scale 0\n"
             'set ylabel "times the bare free list"\n'
             "set arrow from graph 0, first 1 to graph 1, first 1 nohead front linewidth 1.5\n",
             '"{name}.dat" using {column}:xtic(1) linecolor rgb "{colour}" title "{title}"')


def memory_plot(bench, folder):
    """Idle and outstanding bytes over the course of a trace, as examples/replay draws them."""
    traces = [key[1] for key in bench.samples if key[0] == "trace"]
    replay = bench.options.build / "examples/replay/replay"
    if not traces or not replay.exists():
        return
    # A trace with one burst far above the rest: it shows how memory is freed afterwards.
    trace = next((path for path in traces if "lossy" in path), traces[0])
    with tempfile.TemporaryDirectory() as course:
        subprocess.run([str(replay), "--rounds", "1", "--course", course, trace], check=True,
                       stdout=subprocess.DEVNULL)
        shutil.copy(pathlib.Path(course, pathlib.Path(trace).stem + ".svg"), folder / "memory.svg")


def draw(bench, folder):
    burst_plot(bench, folder)
    trace_plots(folder)
    memory_plot(bench, folder)


if __name__ == "__main__":
    trace_plots(pathlib.Path(sys.argv[1]))
