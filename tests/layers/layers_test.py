#!/usr/bin/env python3
"""layers.py finds a fault of each kind in a small tree, and none in the unchanged tree."""
import pathlib
import tempfile
import unittest

from exports import exports
from layers import Checker

TREE = {
    "modules/pktpool.cppm": """// All.
export module pktpool;

export import :support.error;
export import :support.checker;
export import :sizes.bucket;
""",
    "modules/support/attributes.hpp": "#pragma once\n",
    "modules/support/standard.cppm": """// The standard library.
module;
#include <cstddef>

export module pktpool.standard;

export namespace std {
using std::size_t;
using std::operator==;
} // namespace std
""",
    "modules/support/error.cppm": """// Errors.
module;
#include <gsl/assert>

export module pktpool:support.error;

import pktpool.standard;

export [[noreturn]] void report_and_end(std::size_t);
""",
    "modules/support/error.cpp": "module;\n#include <cstddef>\n\nmodule pktpool;\n\nimport :support.message;\n",
    "modules/support/message.cppm": "// Text.\nmodule pktpool:support.message;\n",
    "modules/support/checker.cppm": """// Exports nothing: a memory checker.
export module pktpool:support.checker;

import :support.error;
""",
    "modules/sizes/bucket.cppm": """// Sizes.
export module pktpool:sizes.bucket;

import :support.error;
import :support.checker;

export struct bucket {};
""",
    "CMakeLists.txt": """# modules/nothing.cppm
        modules/pktpool.cppm modules/support/standard.cppm modules/support/error.cppm
        modules/support/checker.cppm
        modules/sizes/bucket.cppm
        modules/support/attributes.hpp modules/support/message.cppm modules/support/error.cpp)
""",
    "modules/README.md": """# Layers

| folder | files | holds |
| --- | --- | --- |
| `support/` | `attributes.hpp`, `standard`, `error` (`.cppm`, `.cpp`), `message`, `checker` | errors |
| `sizes/` | `bucket` | sizes |
""",
    "modules/REFERENCE.md": """# Reference

| name | partition | |
| --- | --- | --- |
| `bucket<N>` | `:sizes.bucket` | a size |
| `report_and_end()` | `:support.error` | an end |
""",
}
PAGE = "modules/README.md"
REFERENCE = "modules/REFERENCE.md"
BUCKET = "modules/sizes/bucket.cppm"
CHECKER = "modules/support/checker.cppm"


class Layers(unittest.TestCase):
    def faults(self, changed):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**TREE, **changed}.items():
                if text is not None:
                    path = pathlib.Path(folder, name)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding="utf-8")
            return Checker(folder).run()

    def expect(self, path, old, new, *faults):
        """The faults where `old` in a file is `new`."""
        self.assertIn(old, TREE[path])
        self.assertEqual(self.faults({path: TREE[path].replace(old, new, 1)}), list(faults))

    def test_good(self):
        self.assertEqual(self.faults({}), [])

    def test_list(self):
        self.expect("modules/pktpool.cppm", "export import :sizes.bucket", "import :sizes.bucket",
                    "modules/pktpool.cppm:6: :sizes.bucket is not exported")
        self.expect("modules/pktpool.cppm", "bucket;\n", "bucket;\nexport import :sizes.bucket;\n",
                    "modules/pktpool.cppm:7: :sizes.bucket stands twice")
        faults = self.faults({"modules/pktpool.cppm": """export module pktpool;
export import :support.error;
export import :sizes.bucket;
export import :support.checker;
"""})
        self.assertEqual(faults[0], "modules/pktpool.cppm:4: :support.checker stands apart from the partitions of "
                                    "support/ above")

    def test_files(self):
        self.expect(BUCKET, ":sizes.bucket;", ":sizes.buckets;",
                    f"{BUCKET}:2: does not declare :sizes.bucket, the partition of its path")
        self.expect(CHECKER, "export module", "module",
                    f"{CHECKER}:2: :support.checker is in the list of modules/pktpool.cppm, but not exported",
                    "modules/pktpool.cppm:1: :support.checker has no file modules/support/checker.cppm that exports it",
                    f"{BUCKET}:5: imports :support.checker, which is for .cpp files only")
        self.expect("modules/support/message.cppm", "module pktpool", "export module pktpool",
                    "modules/support/message.cppm:2: :support.message is not in the list of modules/pktpool.cppm",
                    "modules/support/error.cpp:6: imports :support.message, which is not in the list of modules/pktpool.cppm",
                    'modules/support/message.cppm:1: exports nothing, and its first comment does not say "Exports nothing"')
        self.expect("modules/support/error.cpp", "module pktpool;", "module pktpool:support.error;",
                    "modules/support/error.cpp:4: does not declare `module pktpool;`")
        self.assertIn("modules/flat.cpp:1: stands in no folder", self.faults({"modules/flat.cpp": "module pktpool;\n"}))

    def test_imports(self):
        self.expect(CHECKER, ":support.error;", ":sizes.bucket;",
                    f"{CHECKER}:4: imports :sizes.bucket, which stands below it in modules/pktpool.cppm")
        self.expect(CHECKER, ":support.error;", ":support.checker;",
                    f"{CHECKER}:4: imports :support.checker, which stands below it in modules/pktpool.cppm")
        self.expect(CHECKER, ":support.error;", ":support.message;",
                    f"{CHECKER}:4: imports :support.message, which is for .cpp files only")
        self.expect(CHECKER, ":support.error;", ":support.nothing;",
                    f"{CHECKER}:4: imports :support.nothing, which is not in the list of modules/pktpool.cppm")
        self.expect("modules/support/message.cppm", "message;\n", "message;\nimport :sizes.bucket;\n",
                    "modules/support/message.cppm:3: imports :sizes.bucket, which stands below it in "
                    "modules/pktpool.cppm")
        self.expect(CHECKER, "import :support.error;", "// import :sizes.bucket;")

    def test_exports(self):
        self.expect(CHECKER, "import :support.error;", "export struct bucket;",
                    f"{CHECKER}:4: exports bucket, but its first comment says that it exports nothing")
        self.expect(CHECKER, "Exports nothing: a", "A",
                    f'{CHECKER}:1: exports nothing, and its first comment does not say "Exports nothing"')
        self.expect(BUCKET, "export struct", "export { struct x; }\nexport struct",
                    f"{BUCKET}:7: exports a block: export each name by itself")

    def test_standard(self):
        error, standard = "modules/support/error.cppm", "modules/support/standard.cppm"
        self.expect(standard, "pktpool.standard", "pktpool.std",
                    f"{standard}:1: does not declare `export module pktpool.standard;`")
        self.expect(error, "gsl/assert", "cstddef",
                    f"{error}:3: includes <cstddef>: import pktpool.standard, which has the names")
        self.expect(error, "std::size_t", "int", f"{standard}:8: no interface uses std::size_t")

    def test_cmake(self):
        self.expect("CMakeLists.txt", "modules/support/checker.cppm\n        modules/sizes/bucket.cppm",
                    "modules/sizes/bucket.cppm\n        modules/support/checker.cppm",
                    "CMakeLists.txt:3: modules/sizes/bucket.cppm stands where modules/pktpool.cppm has "
                    "modules/support/checker.cppm")
        for file in ("modules/support/attributes.hpp", "modules/sizes/bucket.cppm", "modules/support/message.cppm"):
            self.expect("CMakeLists.txt", f"{file}", "", f"CMakeLists.txt:1: {file} is missing")
        self.expect("CMakeLists.txt", "modules/pktpool.cppm", "modules/pktpool.cppm modules/old.cppm",
                    "CMakeLists.txt:2: modules/old.cppm does not exist")

    def test_layers_of_page(self):
        listed = "modules/pktpool.cppm has"
        self.expect(PAGE, "`message`, `checker`", "`checker`", f"{PAGE}:5: support/message.cppm is missing")
        self.expect(PAGE, "`attributes.hpp`, ", "", f"{PAGE}:5: support/attributes.hpp is missing")
        self.expect(PAGE, "`checker`", "`checkers`", f"{PAGE}:5: support/ has error; {listed} error, checker",
                    f"{PAGE}:5: support/checkers does not exist")
        self.expect(PAGE, "`error` (`.cppm`, `.cpp`), `message`, `checker`", "`checker`, `message`, `error`",
                    f"{PAGE}:5: support/ has checker, error; {listed} error, checker")
        self.expect(PAGE, "| `sizes/` | `bucket` | sizes |\n", "",
                    f"{PAGE}:5: the table of layers has support; {listed} support, sizes")
        self.expect(PAGE, "| folder |", "| folders |",
                    f"{PAGE}:1: the table of layers has none; {listed} support, sizes")

    def test_reference_of_page(self):
        self.expect(REFERENCE, "| `bucket<N>` | `:sizes.bucket` | a size |\n", "",
                    f"{BUCKET}:7: exports bucket, which has no row in {REFERENCE}")
        self.expect(REFERENCE, "`bucket<N>`", "`bucket`, `buckets`", f"{REFERENCE}:5: buckets is not exported")
        self.expect(REFERENCE, "`:sizes.bucket`", "`:support.error`",
                    f"{REFERENCE}:5: bucket is exported by :sizes.bucket, not by :support.error")
        self.expect(REFERENCE, "`report_and_end()`", "`bucket`", f"{REFERENCE}:6: bucket has a second row",
                    f"{REFERENCE}:6: bucket is exported by :sizes.bucket, not by :support.error",
                    f"modules/support/error.cppm:9: exports report_and_end, which has no row in {REFERENCE}")
        self.expect(REFERENCE, "`report_and_end()`", "`pktpool::report_and_end()`")


class Exports(unittest.TestCase):
    def test_names(self):
        for code, name in {
                "struct a {};": "a",
                "class [[nodiscard]] a final : b {};": "a",
                "enum class a : int { b };": "a",
                "struct alignas(16) a;": "a",
                "using a = b<c>;": "a",
                "template <class T> concept a = b<T>;": "a",
                "template <class T, std::size_t N = (sizeof(T) > 2)> struct a;": "a",
                "template <bucket... Bs> inline constexpr std::size_t a = 1;": "a",
                "inline constexpr std::array<b, 2> a{1, 2};": "a",
                "template <class T> requires b<T> && (c<T> || requires { d; }) auto a(T x) { return x; }": "a",
                "template <class T> requires n::b<T> class a;": "a",
                "template <class T> requires requires(T t) { t.b(); } void a(T);": "a",
                "[[nodiscard]] consteval std::size_t a(std::size_t mtu, ip family);": "a",
                "[[nodiscard]] PKTPOOL_NOINLINE n::b<c> a(int);": "a",
                "int a[2];": "a",
                "bool operator==(a, a);": "",
                "{ struct a; }": None,
                "namespace n { struct a; }": None,
        }.items():
            self.assertEqual(list(exports(f"\nexport {code}\n")), [(name, 2)], code)

    def test_nothing(self):
        for code in ("export module pktpool:a;", "export import :a;", "// export struct a;", '"export struct a;"',
                     "/* export struct a; */", "auto const exported = 1'000;"):
            self.assertEqual(list(exports(code)), [], code)


if __name__ == "__main__":
    unittest.main()
