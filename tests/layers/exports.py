"""The names that a C++ file exports, read from its tokens. Knows the part of the grammar that modules/ uses."""
import re

NO_CODE = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|(?<!\w)'(?:\\.|[^'\\\n])'", re.DOTALL)
TOKEN = re.compile(r"\w+|::|&&|\|\||\S")
BRACKETS = {"(": ")", "{": "}", "[": "]", "<": ">"}
KINDS = ("struct", "class", "union", "enum", "concept", "using")


def without_comments(text):
    """The text without comments; the number of lines stays the same."""
    return NO_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def behind_bracket(tokens, i):
    close = BRACKETS[tokens[i]]
    i += 1
    while tokens[i] != close:
        # "<" is a bracket in a list of template arguments, elsewhere an operator.
        opens = tokens[i] in BRACKETS and (tokens[i] != "<" or close == ">")
        i = behind_bracket(tokens, i) if opens else i + 1
    return i + 1


def behind_constraint(tokens, i):
    """Of a requires-clause: names and brackets, joined by && and ||."""
    while True:
        if tokens[i] == "requires":
            i += 1
            if tokens[i] == "(":
                i = behind_bracket(tokens, i)
        if tokens[i] in BRACKETS:
            i = behind_bracket(tokens, i)
        else:
            i += 1
            while tokens[i] in ("::", "<"):
                i = behind_bracket(tokens, i) if tokens[i] == "<" else i + 2
        if tokens[i] not in ("&&", "||"):
            return i
        i += 1


def behind_attributes(tokens, i):
    while tokens[i] in ("[", "alignas"):
        i = behind_bracket(tokens, i + (tokens[i] == "alignas"))
    return i


def declared(tokens, i):
    """The name that the declaration at i declares; "" for an operator, None for a block."""
    while tokens[i] == "template":
        i = behind_bracket(tokens, i + 1)
        if tokens[i] == "requires":
            i = behind_constraint(tokens, i + 1)
    i = behind_attributes(tokens, i)
    if tokens[i] in ("{", "namespace"):
        return None
    if tokens[i] in KINDS:
        i += 2 if tokens[i + 1] in ("class", "struct") else 1  # enum class
        return tokens[behind_attributes(tokens, i)]
    name = ""
    while tokens[i] not in ("(", "=", "{", ";", "["):
        if tokens[i] == "operator":
            return ""
        if tokens[i] == "<":
            i = behind_bracket(tokens, i)
        elif tokens[i] in ("decltype", "explicit"):
            i = behind_bracket(tokens, i + 1)
        else:
            name = tokens[i]
            i += 1
    return name


def exports(text):
    """(name, line) of each exported declaration, as `declared` says."""
    text = without_comments(text)
    found = list(TOKEN.finditer(text))
    tokens = [match[0] for match in found]
    for i, token in enumerate(tokens):
        if token == "export" and tokens[i + 1] not in ("module", "import"):
            yield declared(tokens, i + 1), text.count("\n", 0, found[i].start()) + 1
