"""Packets that one thread acquires and another gives back: runs bench_handoff_* and makes tables."""
import os
import statistics
import sys
import time

from tables import GOAL_HEAD, goal_rows, section, table

BASE = "two_rings"
# name: (program, library to preload, what it is)
MEMORIES = {
    BASE: ("handoff_two_rings", None, "fixed packets, a ring forth and a ring back"),
    "one_ring": ("handoff_one_ring", None, "fixed packets in the places of one ring"),
    "single_owner": ("handoff_single_owner", None, "pktpool, `single_owner`"),
    "single_owner_lines": ("handoff_single_owner_lines", None,
                           "pktpool, `single_owner` and `cache_line_source`"),
    "synchronized": ("handoff_synchronized", None, "pktpool, `synchronized<std::mutex>`"),
    "malloc": ("handoff_malloc", None, "malloc of the C library"),
    "mimalloc": ("handoff_malloc", "libmimalloc.so.2", "preloaded"),
    "jemalloc": ("handoff_malloc", "libjemalloc.so.2", "preloaded"),
    "tcmalloc": ("handoff_malloc", "libtcmalloc_minimal.so.4", "preloaded"),
    "dpdk": ("handoff_dpdk", None, "rte_mempool with cache, no huge pages"),
}
OWNED = ["single_owner", "single_owner_lines"]
PEERS = [name for name in MEMORIES if name not in (BASE, "one_ring", *OWNED)]
IN_ORDER = ["one_ring"]  # packets have to come back in the order of their acquires

SPANS = [1, 4, 8, 32, 128, 512]
UNDER_WAY = [1, 4, 16, 64, 256, 1024, 4096]
SIZES = [20, 548, 1472]

# mark of a table: {column: arguments of the program}
TABLES = {
    "spans": {str(n): ["spans", n, 1024] for n in SPANS},
    "under_way": {str(n): ["spans", 32, n] for n in UNDER_WAY},
    "threads": {
        "drops": ["drops", 1024],
        **{f"msgpass {size}": ["msgpass", size, 1, 1, 1] for size in SIZES},
        "msgpass 1472, 8 threads": ["msgpass", 1472, 3, 2, 3],
        **{f"xmalloc {size}": ["xmalloc", size] for size in (64, 1472)},
        "larson": ["larson", 2],
    },
    "bulks": {str(n): ["bulks", n, 512] for n in SPANS},
}
HEADINGS = {
    "spans": "packets in a span",
    "under_way": "places in the ring, spans of up to 32",
    "threads": "single drops, and several threads",
    "bulks": "one thread: packets in a bulk, 512 kept",
}


def key(arguments):
    return "handoff", " ".join(str(each) for each in arguments)


class Distance:
    """The round trip of a cache line between two threads, as each program measures it before and
    after its run. On a virtual machine it changes from time to time: then two processors are
    threads of one core. Only runs at the greatest distance are comparable, others are repeated."""

    probes = 20
    tries = 60
    pause = 0.5  # seconds, for the machine to change

    def __init__(self, bench):
        self.bench = bench
        self.repeated = 0
        self.kept_at_another = 0
        found = []
        for _ in range(self.probes):
            found += self.run((MEMORIES[BASE][0], None), 0.001, ["bulks", 1, 1])[1:]
            time.sleep(self.pause)
        self.wanted = max(found)
        self.varies = min(found) < self.wanted / 2

    def run(self, memory, seconds, arguments):
        """Nanoseconds per packet, and the distance before and after."""
        program, library = memory
        command = self.bench.command(program, seconds, *arguments)
        return [float(number) for number in self.bench.output(command, library).split()]

    def measure(self, memory, seconds, arguments):
        for left in reversed(range(self.tries)):
            ns, *found = self.run(memory, seconds, arguments)
            if all(self.wanted / 2 < each < self.wanted * 2 for each in found):
                return ns
            if left:
                self.repeated += 1
                time.sleep(self.pause)
        self.kept_at_another += 1
        return ns


def measure(bench):
    """All rounds of all workloads; returns what the page says of the run."""
    wanted = bench.options.contenders
    memories = bench.available({name: MEMORIES[name] for name in MEMORIES
                                if not wanted or name in (*wanted, BASE)},
                               probe=("0.001", "spans", "1", "1"))
    if BASE not in memories:
        return []
    distance = Distance(bench)
    for title, columns in TABLES.items():
        for arguments in columns.values():
            if key(arguments) in bench.samples:
                continue
            names = [name for name in memories
                     if name not in IN_ORDER or arguments[0] not in ("msgpass", "larson")]
            results = bench.samples[key(arguments)] = {name: [] for name in names}
            for _ in range(bench.options.rounds):
                for name in names:
                    results[name].append(distance.measure(memories[name], bench.options.seconds,
                                                          arguments))
        print(f"  handoff {title}", file=sys.stderr)
    processors = len(os.sched_getaffinity(0))
    facts = [("processors", f"{processors}, " + ("thread n pinned to processor n modulo their number"
                                                 if processors > 1 else "nothing pinned")),
             ("round trip of a cache line", f"{distance.wanted:.0f} ns")]
    if distance.varies or distance.repeated:
        facts.append(("runs repeated because the round trip was another", str(distance.repeated)))
    if distance.kept_at_another:
        facts.append(("runs at another round trip in spite of that", str(distance.kept_at_another)))
    return facts


def results(bench, columns):
    """Nanoseconds per packet, and times the base of the same round."""
    keys = [key(arguments) for arguments in columns.values()]
    if keys[0] not in bench.samples:
        return ""

    def cell(at, name):
        if name not in bench.samples[at]:
            return ""
        return (f"{statistics.median(bench.samples[at][name]):.1f} "
                f"({bench.ratio(at, name, BASE):.2f})")

    names = [name for name in MEMORIES if any(name in bench.samples[at] for at in keys)]
    return table(["ns (times the two rings)"] + list(columns),
                 [[name] + [cell(at, name) for at in keys] for name in names])


def goals(bench):
    def keys(title, *starts):
        return [key(arguments) for column, arguments in TABLES[title].items()
                if not starts or column.startswith(starts)]

    rows = []
    for name in OWNED:
        rows += goal_rows(bench, f"{name}: spans of 32, times the two rings",
                          [key(["spans", 32, 1024])], name, BASE, 1.3)
        rows += goal_rows(bench, f"{name}: 1 to 4096 packets under way, times the two rings",
                          keys("under_way"), name, BASE, 1.3)
        rows += goal_rows(bench, f"{name}: single drops, times as fast as mimalloc",
                          [key(["drops", 1024])], name, "mimalloc", 1.0, at_least=True)
    for workload in ("msgpass", "xmalloc"):
        for peer in PEERS:
            rows += goal_rows(bench, f"single_owner: {workload}, times as fast as {peer}",
                              keys("threads", workload), "single_owner", peer, 1.0, at_least=True)
    return table(GOAL_HEAD, rows) if rows else ""


def tables(bench, machine):
    """Runs everything. Mark on the page: table."""
    facts = measure(bench)
    made = {f"handoff_{title}": results(bench, columns) if facts else ""
            for title, columns in TABLES.items()}
    made["handoff_goals"] = goals(bench)
    if facts:
        made["handoff_run"] = table(["", ""], [list(fact) for fact in machine + facts])
    return made


def report(made):
    """The tables for the results of the run."""
    return "".join(
        [section("From one thread to another: the run", made.get("handoff_run", ""))]
        + [section(f"From one thread to another: {heading}", made[f"handoff_{title}"])
           for title, heading in HEADINGS.items()]
        + [section("From one thread to another: goals", made["handoff_goals"])])
