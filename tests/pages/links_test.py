#!/usr/bin/env python3
"""links.py finds each kind of bad link, and no fault in good ones."""
import pathlib
import tempfile
import unittest

from links import check, slug


class Links(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("README.md", "# A page\n")
        self.write("docs/other.md", "# One `a_b<C>`: it's 2.0\n## Twice\n## Twice\n```\n# no heading\n```\n")
        self.write("docs/a (1).svg", "<svg/>\n")
        self.write("code.cpp", "1\n2\n3\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def faults(self, text, page="page.md"):
        self.write(page, text)
        return list(check(self.root, [page]))

    def good(self, *texts):
        for text in texts:
            self.assertEqual(self.faults(text), [])

    def bad(self, target, what, shown=None):
        self.assertEqual(self.faults(f"text\n\na [link]({target}) here\n"),
                         [f"page.md:3: {shown or target}: {what}"])

    def test_good(self):
        self.good("[x](README.md) [x](docs) [x](docs/) ![x](docs/a%20(1).svg) [x](<docs/a (1).svg>)",
                  "[x](README.md#a-page) [x](docs/other.md#one-a_bc-its-20) [x](docs/other.md#twice-1)",
                  "# Here\n[x](#here) [x](code.cpp#L3) [x](code.cpp#L1-L2)",
                  '[x](README.md "with a title") <img src="docs/a (1).svg" alt="">',
                  "[x][y] [y][]\n\n[y]: README.md\n",
                  "[x](https://example.org/a_(b)?c#d) <https://example.org> [x](mailto:a@example.org)",
                  '<a name="there"></a> [x](#there)')
        self.assertEqual(self.faults("[x](../README.md)", "docs/page.md"), [])

    def test_no_links(self):
        self.good("```cpp\n[x](nowhere)\n```", "`[x](nowhere)`", "<!-- [x](nowhere) -->", "``a ` [x](nowhere)``",
                  "~~~\n```\n[x](nowhere)\n~~~")

    def test_file(self):
        self.bad("nowhere.md", "does not exist")
        self.bad("docs/nowhere.svg", "does not exist")
        self.bad("../README.md", "leads out of the repository")
        self.bad("/README.md", "is absolute")
        self.assertEqual(self.faults("![x](a.svg)"), ["page.md:1: a.svg: does not exist"])
        self.assertEqual(self.faults("<img src='a.svg'>"), ["page.md:1: a.svg: does not exist"])
        self.assertEqual(self.faults("[x]\n\n[x]: a.md"), ["page.md:3: a.md: does not exist"])

    def test_heading(self):
        self.bad("#nowhere", "names no heading")
        self.bad("README.md#nowhere", "names no heading")
        self.bad("README.md#", "has no name behind #")
        self.bad("docs/other.md#no-heading", "names no heading")
        self.bad("docs/other.md#twice-2", "names no heading")
        self.bad("docs/other.md#Twice", "names no heading")
        self.bad("code.cpp#L4", "names no line")
        self.bad("docs#x", "names no line")

    def test_syntax(self):
        self.bad("https://", "is no address")
        self.bad("https:/example.org", "is no address")
        self.bad("ftp://example.org", "is neither relative nor of the web")
        self.bad("two words.md", "is no link, or its definition is missing", "](two words.md) here")
        self.assertEqual(self.faults("[x][y]"), ["page.md:1: [x][y]: is no link, or its definition is missing"])

    def test_slug(self):
        for heading, name in {"Depend on it": "depend-on-it", "What's *new* in 2.0?": "whats-new-in-20",
                              "`a_b` and _c_": "a_b-and-c", "[Link](x.md) - end": "link---end",
                              "Zähler": "zähler"}.items():
            self.assertEqual(slug(heading), name)


if __name__ == "__main__":
    unittest.main()
