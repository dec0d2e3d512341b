#!/usr/bin/env python3
"""Follows the links of pages: a relative one leads to a file and, behind `#`, to a heading as GitHub
names it or to a line. Of a link to another site only the syntax is checked.

Usage: links.py ROOT PAGE...    pages as paths from ROOT
"""
import collections
import pathlib
import re
import sys
import urllib.parse

FENCE = re.compile(r"^ {0,3}(```+|~~~+).*?^ {0,3}\1[`~]* *$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE)
ANCHOR = re.compile(r"<\w+[^>]*\b(?:id|name)=[\"']([^\"']+)")
INLINE = re.compile(r"\]\(((?:[^()]|\([^()]*\))*)\)")
TARGET = re.compile(r"\s*(?:<([^<>\n]+)>|([^\s<>]+))(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*")
DEFINITION = re.compile(r"^ {0,3}\[([^\]]+)\]:[ \t]*(\S*)", re.MULTILINE)
REFERENCE = re.compile(r"\[([^\[\]]+)\]\[([^\[\]]*)\]")
OTHERS = re.compile(r"<([a-z]+:[^>]*)>|\b(?:href|src)=[\"']([^\"']*)[\"']")
LINES = re.compile(r"L(\d+)(?:-L(\d+))?")
WEB = re.compile(r"https?://[\w-]+(\.[\w-]+)*(:\d+)?([/?#][^\s<>\"]*)?")


def blank(match):
    """Blanks of the same length: positions and lines stay the same."""
    return re.sub(r"[^\n]", " ", match[0])


def without_blocks(text):
    return COMMENT.sub(blank, FENCE.sub(blank, text))


def slug(heading):
    """The anchor of a heading on GitHub, without the number of a repeated heading."""
    parts = re.split(r"(`+[^`]*`+)", heading)
    for i in range(0, len(parts), 2):  # text outside of code
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", parts[i])
        text = re.sub(r"<[^>]*>", "", text)
        parts[i] = re.sub(r"(?<!\w)(_+)(\S.*?)\1(?!\w)", r"\2", text)
    return re.sub(r"[^\w\- ]", "", "".join(parts).lower()).replace(" ", "-")


def anchors(path):
    text = without_blocks(path.read_text(encoding="utf-8"))
    seen = collections.Counter()
    names = set(ANCHOR.findall(CODE.sub(blank, text)))
    for heading in HEADING.findall(text):
        name = slug(heading)
        names.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


def links(text):
    """(position, target) of each link; the target is None if it is malformed."""
    definitions = {label.lower() for label, _ in DEFINITION.findall(text)}
    for match in INLINE.finditer(text):
        target = TARGET.fullmatch(match[1])
        yield match.start(), target and (target[1] or target[2])
    for match in DEFINITION.finditer(text):
        yield match.start(), match[2] or None
    for match in REFERENCE.finditer(text):
        if (match[2] or match[1]).lower() not in definitions:
            yield match.start(), None
    for match in OTHERS.finditer(text):
        yield match.start(), match[1] or match[2]


def fault(root, page, target):
    """The fault of a link of a page, or None."""
    if target is None:
        return "is no link, or its definition is missing"
    scheme = urllib.parse.urlsplit(target).scheme
    if scheme in ("http", "https"):
        return None if WEB.fullmatch(target) else "is no address"
    if scheme:
        return None if scheme == "mailto" else "is neither relative nor of the web"
    path, _, anchor = target.partition("#")
    if path.startswith("/"):
        return "is absolute"
    path = (page.parent / urllib.parse.unquote(path)).resolve() if path else page
    if path != root and root not in path.parents:
        return "leads out of the repository"
    if not path.exists():
        return "does not exist"
    if not anchor:
        return "has no name behind #" if target.endswith("#") else None
    if path.suffix == ".md":
        return None if anchor in anchors(path) else "names no heading"
    lines = LINES.fullmatch(anchor) if path.is_file() else None
    if not lines or int(lines[2] or lines[1]) > path.read_text(encoding="utf-8").count("\n"):
        return "names no line"
    return None


def check(root, pages):
    """A line for each bad link."""
    root = pathlib.Path(root).resolve()
    for name in pages:
        page = root / name
        text = CODE.sub(blank, without_blocks(page.read_text(encoding="utf-8")))
        for position, target in sorted(links(text), key=lambda link: link[0]):
            if what := fault(root, page, target):
                line = text.count("\n", 0, position) + 1
                end = text.find("\n", position)
                shown = target or text[position:None if end < 0 else end].strip()
                yield f"{name}:{line}: {shown}: {what}"


if __name__ == "__main__":
    faults = list(check(sys.argv[1], sys.argv[2:]))
    print("\n".join(faults) or f"all links of {len(sys.argv) - 2} pages lead somewhere")
    sys.exit(bool(faults))
