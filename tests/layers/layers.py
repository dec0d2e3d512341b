#!/usr/bin/env python3
"""The list of partitions in modules/pktpool.cppm is the order of reading; this compares with it files,
imports, CMakeLists.txt and the tables of modules/README.md and modules/REFERENCE.md.

Usage: layers.py ROOT
"""
import dataclasses
import pathlib
import re
import sys

from exports import exports, without_comments

LIST = "modules/pktpool.cppm"
CMAKE = "CMakeLists.txt"
LAYERS = "modules/README.md"
REFERENCE = "modules/REFERENCE.md"
STANDARD = "modules/support/standard.cppm"
MACROS = ("gsl/assert", "pthread.h", "sanitizer/", "valgrind/")  # headers that an interface needs itself
INCLUDE = re.compile(r"^#\s*include <([^>]+)>", re.MULTILINE)
USING = re.compile(r"^using ([\w:]+);", re.MULTILINE)  # not of operators, which are found without their names
MODULE = re.compile(r"^(export )?module pktpool(?::([\w.]+))?;", re.MULTILINE)
IMPORT = re.compile(r"^(export )?import :([\w.]+);", re.MULTILINE)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def ordered(items):
    return ", ".join(items) or "none"


@dataclasses.dataclass
class Unit:
    """A file of modules/ in a folder."""
    path: str  # from the root
    partition: str  # named by its path
    interface: bool
    imports: list  # of (partition, line)
    names: list  # of (exported name, line)
    first_comment: str


class Checker:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.faults = []
        self.order = []  # partitions, in the order of reading
        self.folders = []  # in the same order
        self.units = []
        self.implementations = set()  # partitions that only .cpp files may import

    def fault(self, path, line, what):
        self.faults.append(f"{path}:{line}: {what}")

    def read(self, path):
        file = self.root / path
        if not file.is_file():
            self.fault(path, 1, "does not exist")
            return ""
        return file.read_text(encoding="utf-8")

    def run(self):
        self.check_list()
        for file in sorted((self.root / "modules").rglob("*.cpp*")):
            if file not in (self.root / LIST, self.root / STANDARD):
                self.units.append(self.read_unit(file))
        self.implementations = {unit.partition for unit in self.units
                                if unit.path.endswith(".cppm") and not unit.interface}
        found = {unit.partition for unit in self.units if unit.interface}
        for partition in self.order:
            if partition not in found:
                self.fault(LIST, 1, f":{partition} has no file {self.path(partition)} that exports it")
        for unit in self.units:
            self.check_imports(unit)
            self.check_exports(unit)
        self.check_standard()
        self.check_cmake()
        self.check_pages()
        return self.faults

    @staticmethod
    def path(partition):
        return f"modules/{partition.replace('.', '/')}.cppm"

    def check_list(self):
        text = without_comments(self.read(LIST))
        for match in IMPORT.finditer(text):
            partition, line = match[2], line_of(text, match.start())
            if not match[1]:
                self.fault(LIST, line, f":{partition} is not exported")
            if partition in self.order:
                self.fault(LIST, line, f":{partition} stands twice")
                continue
            folder = partition.split(".")[0]
            if folder in self.folders[:-1]:
                self.fault(LIST, line, f":{partition} stands apart from the partitions of {folder}/ above")
            elif folder not in self.folders:
                self.folders.append(folder)
            self.order.append(partition)

    def read_unit(self, file):
        path = file.relative_to(self.root).as_posix()
        raw = file.read_text(encoding="utf-8")
        text = without_comments(raw)
        module = MODULE.search(text)
        line = line_of(text, module.start()) if module else 1
        partition = path.removeprefix("modules/").rsplit(".", 1)[0].replace("/", ".")
        unit = Unit(path, partition, bool(module and module[1]),
                    [(m[2], line_of(text, m.start())) for m in IMPORT.finditer(text)],
                    list(exports(raw)), re.match(r"(//[^\n]*\n)*", raw)[0])
        if path.count("/") < 2:
            self.fault(path, 1, "stands in no folder")
        if path.endswith(".cppm"):
            if not module or module[2] != partition:
                self.fault(path, line, f"does not declare :{partition}, the partition of its path")
            elif unit.interface and partition not in self.order:
                self.fault(path, line, f":{partition} is not in the list of {LIST}")
            elif not unit.interface and partition in self.order:
                self.fault(path, line, f":{partition} is in the list of {LIST}, but not exported")
        elif not module or module[1] or module[2]:
            self.fault(path, line, "does not declare `module pktpool;`")
        return unit

    def check_imports(self, unit):
        if unit.path.endswith(".cpp"):
            above = self.order
        elif unit.partition in self.order:
            above = self.order[:self.order.index(unit.partition)]
        else:  # may import its whole folder
            folder = unit.partition.split(".")[0]
            last = max((i for i, each in enumerate(self.order) if each.split(".")[0] == folder), default=-1)
            above = self.order[:last + 1]
        for partition, line in unit.imports:
            if partition in self.implementations:
                if unit.path.endswith(".cppm"):
                    self.fault(unit.path, line, f"imports :{partition}, which is for .cpp files only")
            elif partition not in self.order:
                self.fault(unit.path, line, f"imports :{partition}, which is not in the list of {LIST}")
            elif partition not in above:
                self.fault(unit.path, line, f"imports :{partition}, which stands below it in {LIST}")

    def check_exports(self, unit):
        for name, line in unit.names:
            if name is None:
                self.fault(unit.path, line, "exports a block: export each name by itself")
        if not unit.path.endswith(".cppm"):
            return
        silent = "Exports nothing" in unit.first_comment
        if silent and unit.names:
            name, line = unit.names[0]
            self.fault(unit.path, line, f"exports {name}, but its first comment says that it exports nothing")
        if not silent and not unit.names and unit.interface:
            self.fault(unit.path, 1, 'exports nothing, and its first comment does not say "Exports nothing"')

    def check_standard(self):
        """All interfaces have the standard library from one file, which has no name that none of them uses."""
        text = without_comments(self.read(STANDARD))
        if not re.search(r"^export module pktpool\.standard;", text, re.MULTILINE):
            self.fault(STANDARD, 1, "does not declare `export module pktpool.standard;`")
        others = ""
        for unit in self.units:
            if unit.path.endswith(".cppm"):
                other = without_comments(self.read(unit.path))
                for match in INCLUDE.finditer(other):
                    if not match[1].startswith(MACROS):
                        self.fault(unit.path, line_of(other, match.start()),
                                   f"includes <{match[1]}>: import pktpool.standard, which has the names")
                others += other
        for match in USING.finditer(text):
            if not re.search(rf"\b{match[1]}\b", others):
                self.fault(STANDARD, line_of(text, match.start()), f"no interface uses {match[1]}")

    def check_cmake(self):
        text = re.sub(r"#.*", "", self.read(CMAKE))
        listed = {}  # path: line
        for match in re.finditer(r"\bmodules/[\w/]+\.(?:cppm|cpp|hpp)\b", text):
            listed[match[0]] = line_of(text, match.start())
        files = {file.relative_to(self.root).as_posix() for file in (self.root / "modules").rglob("*.[ch]pp*")}
        for path in sorted(files - set(listed)):
            self.fault(CMAKE, 1, f"{path} is missing")
        for path in sorted(set(listed) - files):
            self.fault(CMAKE, listed[path], f"{path} does not exist")
        wanted = [path for path in map(self.path, self.order) if path in listed]
        for found, path in zip((path for path in listed if path in wanted), wanted):
            if found != path:
                self.fault(CMAKE, listed[found], f"{found} stands where {LIST} has {path}")
                break

    def rows(self, page, head):
        """(line, cells) of the rows of the tables of a page that begin with this head."""
        return [row for cells, rows in self.tables(page) if cells[:len(head)] == head for row in rows]

    def tables(self, page):
        """(cells of the head, [(line, cells)]) of each table of a page."""
        table = []
        for number, line in enumerate([*self.read(page).splitlines(), ""], 1):
            if line.startswith("|"):
                table.append((number, [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]))
            elif table:
                yield table[0][1], table[2:]
                table = []

    def check_pages(self):
        self.check_layers(self.rows(LAYERS, ["folder", "files"]))
        self.check_reference(self.rows(REFERENCE, ["name", "partition"]))

    def check_layers(self, rows):
        folders = []
        for line, (folder, files, *_) in rows:
            folder = folder.strip("`/")
            folders.append(folder)
            names = [re.sub(r"\.cppm?$", "", name) for name in re.findall(r"`([^`]+)`", files)]
            names = [name for name in names if name]  # a bare `.cpp` is not a name
            listed = [name for name in names if f"{folder}.{name}" in self.order]
            wanted = [each.partition(".")[2] for each in self.order if each.split(".")[0] == folder]
            if listed != wanted:
                self.fault(LAYERS, line, f"{folder}/ has {ordered(listed)}; {LIST} has {ordered(wanted)}")
            present = sorted((self.root / "modules" / folder).glob("*.[ch]pp*"))
            for file in present:
                if file.name not in names and file.stem not in names and f"{folder}.{file.stem}" not in self.order:
                    self.fault(LAYERS, line, f"{folder}/{file.name} is missing")
            for name in names:
                if name not in listed and not any(name in (file.name, file.stem) for file in present):
                    self.fault(LAYERS, line, f"{folder}/{name} does not exist")
        if folders != self.folders:
            self.fault(LAYERS, rows[0][0] if rows else 1,
                       f"the table of layers has {ordered(folders)}; {LIST} has {ordered(self.folders)}")

    def check_reference(self, rows):
        exported = {}  # name: {partition: (path, line)}
        for unit in self.units:
            for name, line in unit.names:
                if name:
                    exported.setdefault(name, {}).setdefault(unit.partition, (unit.path, line))
        seen = set()
        for line, (names, partition, *_) in rows:
            partition = partition.strip("`:")
            for name in re.findall(r"`(?:pktpool::)?([^`]+)`", names):
                name = re.match(r"\w*", name)[0] or name
                if name in seen:
                    self.fault(REFERENCE, line, f"{name} has a second row")
                seen.add(name)
                if name not in exported:
                    self.fault(REFERENCE, line, f"{name} is not exported")
                elif partition not in exported[name]:
                    self.fault(REFERENCE, line, f"{name} is exported by :{ordered(exported[name])}, not by :{partition}")
        for name, places in exported.items():
            if name not in seen:
                self.fault(*next(iter(places.values())), f"exports {name}, which has no row in {REFERENCE}")


if __name__ == "__main__":
    checker = Checker(sys.argv[1])
    faults = checker.run()
    print("\n".join(faults) or f"{len(checker.order)} partitions stand in the order of {LIST}")
    sys.exit(bool(faults))
