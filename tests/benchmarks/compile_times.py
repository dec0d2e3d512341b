"""Time to compile files that import pktpool, and to build a project that depends on it."""
import pathlib
import resource
import shlex
import shutil
import subprocess
import tempfile
import time

from tables import section, spread, table

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CONSUMER = REPOSITORY / "examples/consumer"
COMPILER = REPOSITORY / "toolchain/compilers/clang.cmake"


def processor_seconds(command, folder):
    """Processor time of a command and its children; other programs do not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, shell=True, cwd=folder, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def files(bench):
    """The commands of ninja for an object; for a module with the scan."""
    ninja = ["ninja", "-C", bench.options.build, "-t"]
    targets = [line.split(":")[0] for line in
               subprocess.check_output([*ninja, "targets", "all"], text=True).splitlines()]

    def commands(*ends):
        found = [each for each in targets if each.endswith(ends)]
        return [subprocess.check_output([*ninja, "commands", "-s", each],
                                        text=True).splitlines()[-1] for each in found]

    def large(pool):
        return f"/bench_compile_large_{pool}.dir/compile_large.cpp.o"

    rows = []
    for text, ends in (("import pktpool", ("/compile_import.cpp.o",)),
                       ("its scan for imports", ("/compile_import.cpp.o.ddi",)),
                       ("#include libtorrent's packet_pool.hpp", ("/compile_include.cpp.o",)),
                       ("a large file of libtorrent and Asio, no pool", (large("none"),)),
                       ("the same with packet_pool.hpp", (large("include"),)),
                       ("the same with import pktpool", (large("import"),)),
                       ("its scan for imports", (large("import") + ".ddi",)),
                       ("pktpool itself", (".cppm.o", ".cppm.o.ddi"))):
        steps = commands(*ends)
        rounds = 1 if len(steps) > 1 else bench.options.rounds
        spent = [1000 * sum(processor_seconds(step, bench.options.build) for step in steps)
                 for _ in range(rounds)]
        rows.append([text, spread(spent, 0) if steps else "not built"])
    return table(["", "ms of processor time"], rows)


def consumer(bench):
    """A first build of a project that finds pktpool, and a build after a change of its source."""
    rounds = {"first build": [], "after a change of main.cpp": []}
    for _ in range(min(3, bench.options.rounds)):
        with tempfile.TemporaryDirectory() as folder:
            build = pathlib.Path(folder) / "build"
            source = shutil.copytree(CONSUMER, pathlib.Path(folder) / "source")
            # pktpool is the one of the benchmarks, whose objects are for this linker.
            configure = ["cmake", "-G", "Ninja", "-S", source, "-B", build,
                         f"-DCMAKE_TOOLCHAIN_FILE={COMPILER}", f"-Dpktpool_DIR={bench.options.build}",
                         "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld-22"]
            subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
            for spent in rounds.values():
                (source / "main.cpp").touch()
                begin = time.monotonic()
                processor = processor_seconds(f"cmake --build {shlex.quote(str(build))} >&2", folder)
                spent.append((time.monotonic() - begin, processor))
    return table(["", "s on the clock", "s of processor time"],
                 [[text, *(spread(values, 1) for values in zip(*spent))]
                  for text, spent in rounds.items()])


def tables(bench):
    return {"compile": files(bench), "consumer": consumer(bench)}


def report(tables):
    return (section("Time to compile a file", tables["compile"]) +
            section("Time to build a project that finds pktpool", tables["consumer"]))
