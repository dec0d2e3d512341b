#!/usr/bin/env python3
"""Runs the contenders that CMake built, in turn, and writes tables and plots.

Every number is from a process of its own. In a round each contender runs once, and a ratio is
computed within its round, so that other load of the machine affects all of them.
"""
import argparse
import csv
import datetime
import os
import pathlib
import platform
import re
import shlex
import shutil
import statistics
import subprocess
import sys

import compile_times
import handoff
import plots
from tables import GOAL_HEAD, goal_rows, section, spread, table

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PAGES = [REPOSITORY / page for page in ("tests/benchmarks/README.md", "modules/GUARANTEES.md")]
MARKED = re.compile(r"(<!-- toolchain/bench: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

# name: (program, library to preload, what it is)
CONTENDERS = {
    "empty": ("empty", None, "no pool: what the workload itself takes"),
    "floor": ("floor", None, "a free list per bucket, nothing else"),
    "adaptive": ("adaptive", None, "pktpool::adaptive_packet_pool"),
    "default": ("default", None, "pktpool::packet_pool: libtorrent's limits and drops"),
    "libtorrent": ("libtorrent", None, "libtorrent's packet_pool"),
    "malloc": ("malloc", None, "malloc of the C library"),
    "mimalloc": ("malloc", "libmimalloc.so.2", "preloaded"),
    "jemalloc": ("malloc", "libjemalloc.so.2", "preloaded"),
    "tcmalloc": ("malloc", "libtcmalloc_minimal.so.4", "preloaded"),
    "boost_pool": ("boost_pool", None, "boost::pool, one per bucket"),
    "pmr": ("pmr", None, "std::pmr::unsynchronized_pool_resource"),
    "foonathan": ("foonathan", None, "foonathan memory_pool, one per bucket"),
    "dpdk": ("dpdk", None, "rte_mempool with cache, one per bucket, no huge pages"),
}
# The cost of single policies, each against the line without it.
VARIANTS = {
    "unchecked": ("unchecked", None, "no policy that costs: the base"),
    "default": ("default", None, "unchecked + thread check"),
    "returning": ("returning", None, "unchecked + `return_on_drop`"),
    "demand": ("demand", None, "unchecked + `return_on_drop` + `demand_tracked`"),
    "adaptive": ("adaptive", None, "thread check + `return_on_drop` + `demand_tracked`"),
    "counted": ("counted", None, "default + `counted`"),
    "cleared": ("cleared", None, "default + `clear_on_release`"),
    "hardened": ("hardened", None, "default + `hardened`"),
    "sampled": ("sampled", None, "default + `hardened`, the call site of one acquire in 64"),
    "synchronized": ("synchronized", None, "`synchronized<std::mutex>`, one thread"),
}
WORKLOADS = {
    "trace": "recorded transfers, 20 bytes written per packet",
    "burst": "acquire N, release N, 1472 bytes",
    "window": "N outstanding, oldest released first, 1472 bytes written",
    "mix": "random sizes, 64 outstanding, 20 bytes written",
    "batch": "64 packets in one call",
    "policies": "cost of each policy",
    "threads": "one synchronized pool, several threads",
    "handoff": "acquired on one thread, given back on another",
    "compile": "time to compile",
}


class Bench:
    """The programs, and all their measurements."""

    def __init__(self, options):
        self.options = options
        self.programs = options.build / "contenders"
        self.samples = {}  # (workload, argument) -> contender -> ns of each round
        self.skipped = {}
        self.libraries = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True,
                                        check=False).stdout

    def available(self, contenders, probe=("burst", 1, "repetitions", "1")):
        """The contenders that can run `probe`; prints once which cannot, and why."""
        found = {}
        for name, (program, library, _) in contenders.items():
            if not (self.programs / f"bench_{program}").exists():
                self.skip(name, f"bench_{program} was not built")
            elif library and library not in self.libraries:
                # ld.so would only print a warning, and the malloc of the C library would be measured again.
                self.skip(name, f"{library} is not installed")
            elif why := self.failure(program, probe):
                self.skip(name, why)
            else:
                found[name] = (program, library)
        return found

    def failure(self, program, probe):
        """The message of a contender that cannot run on this machine."""
        done = subprocess.run(self.command(program, *probe), capture_output=True, text=True, check=False)
        return done.stderr.strip().splitlines()[-1] if done.returncode != 0 else None

    def skip(self, name, reason):
        if name not in self.skipped:
            self.skipped[name] = reason
            print(f"skipped: {name}: {reason}", file=sys.stderr)

    def command(self, program, *arguments):
        return [str(self.programs / f"bench_{program}"), *(str(each) for each in arguments)]

    def output(self, command, library=None):
        """What the command prints, with another malloc if there is a library."""
        environment = dict(os.environ, LD_PRELOAD=library) if library else None
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode != 0:
            sys.exit(f"{shlex.join(command)}: {done.stderr}")
        return done.stdout

    def run(self, workload, argument, contenders, key=None):
        """All rounds of one workload."""
        results = {name: [] for name in contenders}
        for _ in range(self.options.rounds):
            for name, (program, library) in contenders.items():
                command = self.command(program, workload, argument,
                                       "seconds", self.options.seconds)
                results[name].append(float(self.output(command, library)))
        self.samples[key or (workload, argument)] = results
        print(f"  {workload} {pathlib.Path(str(argument)).stem}", file=sys.stderr)

    def ratios(self, key, name, base):
        """The ratio per round."""
        results = self.samples[key]
        return [a / b for a, b in zip(results[name], results[base])]

    def ratio(self, key, name, base):
        return statistics.median(self.ratios(key, name, base))


def comparison(bench, workload, heading):
    """Two tables of one workload: nanoseconds, and ratios to the floor of the same round."""
    keys = [key for key in bench.samples if key[0] == workload]
    if not keys:
        return ""
    columns = [pathlib.Path(str(argument)).stem for _, argument in keys]
    names = list(bench.samples[keys[0]])
    ns = [[name] + [spread(bench.samples[key][name], 1) for key in keys] for name in names]
    ratios = [[name] + [spread(bench.ratios(key, name, "floor"), 2) for key in keys]
              for name in names if name != "floor"]
    return (f"## {heading}\n\nTimes the floor: median of the rounds (best–worst).\n\n"
            + table([""] + columns, ratios)
            + "\nNanoseconds per packet.\n\n" + table([""] + columns, ns) + "\n")


def medians(bench, workload):
    """The ratios of a comparison without their spread, and without the empty contender."""
    keys = [key for key in bench.samples if key[0] == workload]
    if not keys:
        return ""
    names = [name for name in bench.samples[keys[0]] if name not in ("empty", "floor")]
    return table(["times the floor"] + [pathlib.Path(str(argument)).stem for _, argument in keys],
                 [[name] + [f"{bench.ratio(key, name, 'floor'):.2f}" for key in keys]
                  for name in names])


def goals(bench):
    """Table of the goals, with the result of this run."""
    rows = []

    def goal(*arguments, **options):
        rows.extend(goal_rows(bench, *arguments, **options))

    traces = [key for key in bench.samples if key[0] == "trace"]
    bursts = [key for key in bench.samples if key[0] == "burst"]
    windows = [key for key in bench.samples if key[0] == "window"]
    mixes = [key for key in bench.samples if key[0] == "mix"]
    most = len(traces) // 2 + 1
    goal("adaptive on traces, times the floor", traces, "adaptive", "floor", 1.3)
    goal("adaptive on most traces, times the floor", traces, "adaptive", "floor", 1.15, needed=most)
    for peer in CONTENDERS:
        if peer not in ("empty", "floor", "adaptive", "default"):
            goal(f"adaptive on traces, times as fast as {peer}", traces, "adaptive", peer,
                 2.0 if peer == "libtorrent" else 1.0, at_least=True)
    goal("adaptive on three traces or more, times as fast as libtorrent", traces, "adaptive",
         "libtorrent", 5.0, at_least=True, needed=3)
    goal("adaptive at every burst, times the floor", bursts, "adaptive", "floor", 1.3)
    goal("adaptive at every window, times the floor", windows, "adaptive", "floor", 1.1)
    goal("adaptive on mixed sizes, times as fast as libtorrent", mixes, "adaptive", "libtorrent",
         1.5, at_least=True)
    goal("default on traces, times as fast as libtorrent", traces, "default", "libtorrent", 1.0,
         at_least=True)
    goal("default where it hits (bursts up to 8), times as fast as libtorrent",
         [key for key in bursts if key[1] <= 8], "default", "libtorrent", 2.0, at_least=True)
    goal("batch of 64, times as fast as 64 calls", [("batch", 64)], "batch", "single", 1.5,
         at_least=True)
    return table(GOAL_HEAD, rows) if rows else ""


def batches(bench):
    """Batch against single calls of the same pool, in the same rounds."""
    if not (bench.programs / "bench_adaptive").exists():
        bench.skip("batch", "bench_adaptive was not built")
        return
    probe = bench.command("adaptive", "batch", 64, "repetitions", "1")
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        bench.skip("batch", "adaptive has no batches")
        return
    rounds = {"single": [], "batch": []}
    for _ in range(bench.options.rounds):
        for name, workload in (("single", "burst"), ("batch", "batch")):
            command = bench.command("adaptive", workload, 64, "seconds", str(bench.options.seconds))
            rounds[name].append(float(subprocess.check_output(command)))
    bench.samples["batch", 64] = rounds


def batch_table(bench):
    if ("batch", 64) not in bench.samples:
        return ""
    rows = [[name, spread(values, 2)] for name, values in bench.samples["batch", 64].items()]
    return "## Batch of 64 against 64 single calls (adaptive, 1472 bytes)\n\n" + table(
        ["", "ns per packet"], rows) + "\n"


def instructions(bench, program, workload, argument):
    """Instructions per packet: the difference of two runs, without the start of the program."""
    if shutil.which("valgrind") is None:
        return None
    counts = []
    for repetitions in (1000, 3000):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        command += bench.command(program, workload, argument, "repetitions", str(repetitions))
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        collected = [line for line in done.stderr.splitlines() if "Collected" in line]
        counts.append(int(collected[0].split(":")[1]))
    return (counts[1] - counts[0]) / 2000 / argument


def policy_rows(bench):
    """Bursts of 8, below every limit, so that no malloc dominates the cost of the policy."""
    found = bench.available({"floor": CONTENDERS["floor"], **VARIANTS})
    bench.run("burst", 8, found, key=("policies", 8))
    rows = []
    for name, (program, _) in found.items():
        count = instructions(bench, program, "burst", 8)
        text = VARIANTS.get(name, CONTENDERS.get(name))[2]
        ratio = f"{bench.ratio(('policies', 8), name, 'default'):.1f}" if "default" in found else ""
        rows.append([f"{name}: {text}", "not counted" if count is None else f"{count:.1f}", ratio,
                     spread(bench.samples["policies", 8][name], 2)])
    return rows


def thread_table(bench):
    """Each thread does bursts of 8 on one pool; nanoseconds per packet in elapsed time."""
    if not (bench.programs / "bench_shared").exists():
        bench.skip("threads", "bench_shared was not built")
        return ""
    rows = []
    for threads in (1, 2, 8):
        command = [str(bench.programs / "bench_shared"), str(threads), str(bench.options.seconds)]
        rounds = [float(subprocess.check_output(command)) for _ in range(bench.options.rounds)]
        bench.samples["threads", threads] = {"synchronized": rounds}
        rows.append([str(threads), spread(rounds, 1)])
    return table(["threads", "ns per packet, all threads together"], rows)


def fill_page(page, tables):
    """Replaces each marked table of the page that this run measured."""
    def fresh(match):
        return f"{match[1]}\n{tables[match[2]]}\n{match[3]}" if tables.get(match[2]) else match[0]

    page.write_text(MARKED.sub(fresh, page.read_text(encoding="utf-8")), encoding="utf-8")


def trace_files(folder):
    files = sorted(folder.glob("*.trace"))
    if not files:
        sys.exit(f"{folder} has no *.trace files")
    return files


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                if line.startswith("model name")), platform.processor())
    pages = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return [("date", datetime.date.today().isoformat()),
            ("CPU", f"{cpu}, {os.cpu_count()} cores"),
            ("kernel", platform.release()),
            ("C library", " ".join(platform.libc_ver())),
            ("transparent huge pages", pages.read_text().strip() if pages.exists() else "none")]


def compiler(build):
    """The version of the compiler, from the files of CMake."""
    for path in build.glob("CMakeFiles/*/CMakeCXXCompiler.cmake"):
        for line in path.read_text().splitlines():
            if line.startswith("set(CMAKE_CXX_COMPILER "):
                program = line.split('"')[1]
                return subprocess.check_output([program, "--version"], text=True).splitlines()[0]
    return "unknown"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=REPOSITORY / "build/bench")
    parser.add_argument("--output", type=pathlib.Path, help="default: results in the build folder")
    parser.add_argument("--traces", type=pathlib.Path, default=REPOSITORY / "examples/traces")
    parser.add_argument("--contenders", type=lambda text: text.split(","), default=[],
                        help="of " + ",".join({**CONTENDERS, **handoff.MEMORIES}))
    parser.add_argument("--workloads", type=lambda text: text.split(","), default=list(WORKLOADS),
                        help="of " + ",".join(WORKLOADS))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float, help="of one measurement")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--fill-pages", action="store_true",
                        help="replace the marked tables of the pages in the repository")
    options = parser.parse_args()
    if options.quick and options.fill_pages:
        parser.error("--fill-pages needs the full rounds, without --quick")
    options.rounds = options.rounds or (3 if options.quick else 7)
    options.seconds = options.seconds or (0.03 if options.quick else 0.2)
    options.build = options.build.resolve()
    for asked, known in ((options.workloads, WORKLOADS),
                         (options.contenders, {**CONTENDERS, **handoff.MEMORIES})):
        if unknown := set(asked) - set(known):
            parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    folder = options.output or options.build / "results"
    folder.mkdir(parents=True, exist_ok=True)

    bench = Bench(options)
    wanted = [*options.contenders, "floor"] if options.contenders else CONTENDERS
    contenders = bench.available({name: CONTENDERS[name] for name in CONTENDERS if name in wanted})
    if "floor" not in contenders:
        sys.exit("bench_floor was not built: nothing to compare with")
    report = []
    tables = {}  # for the pages
    step = 4 if options.quick else 2
    arguments = {"trace": lambda: [str(path) for path in trace_files(options.traces)],
                 "burst": lambda: [2 ** i for i in range(0, 13, step // 2)],
                 "window": lambda: [2 ** i for i in range(3, 17, step)] + [65536],
                 "mix": lambda: [64]}
    for workload, heading in WORKLOADS.items():
        if workload not in options.workloads:
            continue
        if workload in arguments:
            for argument in arguments[workload]():
                bench.run(workload, argument, contenders)
            report.append(comparison(bench, workload, heading[0].upper() + heading[1:]))
            tables[workload] = medians(bench, workload)
        elif workload == "batch":
            batches(bench)
            report.append(batch_table(bench))
        elif workload == "policies":
            rows = policy_rows(bench)
            head = ["policies", "instructions", "times the default pool", "ns"]
            tables[workload] = table(head[:3], [row[:3] for row in rows])
            report.append(section("Each policy alone: acquire and release, bursts of 8",
                                  table(head, rows)))
        elif workload == "threads":
            tables[workload] = thread_table(bench)
            report.append(section("One synchronized pool, threads that do nothing else",
                                  tables[workload]))
        elif workload == "handoff":
            tables |= handoff.tables(bench, machine())
            report.append(handoff.report(tables))
        elif workload == "compile":
            tables |= compile_times.tables(bench)
            report.append(compile_times.report(tables))

    facts = machine() + [("compiler", compiler(options.build)),
                         ("rounds", f"{options.rounds}, each contender in a process of its own "
                                    f"for {options.seconds} s")]
    facts += [("skipped", f"{name}: {why}") for name, why in bench.skipped.items()]
    run = table(["", ""], [list(fact) for fact in facts])
    reached = goals(bench)
    text = f"# pktpool against its peers\n\n{run}\n{section('Goals', reached)}{''.join(report)}"
    (folder / "results.md").write_text(text, encoding="utf-8")
    with open(folder / "samples.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["workload", "argument", "contender", "round", "ns"])
        for (workload, argument), results in bench.samples.items():
            for name, values in results.items():
                for number, value in enumerate(values):
                    writer.writerow([workload, pathlib.Path(str(argument)).stem, name, number,
                                     value])
    if shutil.which("gnuplot") is None:
        bench.skip("plots", "gnuplot is not installed")
    else:
        plots.draw(bench, folder)
    if options.fill_pages:
        if not options.contenders and set(options.workloads) == set(WORKLOADS):
            tables |= {"run": run, "goals": reached}
        for page in PAGES:
            fill_page(page, tables)
    print(text)
    print(f"written to {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
