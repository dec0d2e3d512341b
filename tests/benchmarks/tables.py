"""Tables of Markdown, and the judgement of a goal."""
import statistics

GOAL_HEAD = ["", "goal", "worst and best median", "reached on", "reached"]


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)] + rows
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def section(heading, content):
    return f"## {heading}\n\n{content}\n" if content else ""


def spread(values, digits):
    return (f"{statistics.median(values):.{digits}f} "
            f"({min(values):.{digits}f}–{max(values):.{digits}f})")


def goal_rows(bench, text, keys, name, base, bound, *, at_least=False, needed=None):
    """The row of a goal for the ratio of two contenders in these measurements; none if nothing was
    measured."""
    keys = [key for key in keys
            if key in bench.samples and {name, base} <= bench.samples[key].keys()]
    if not keys:
        return []
    got = [bench.ratio(key, base, name) if at_least else bench.ratio(key, name, base)
           for key in keys]
    reached = sum(value >= bound if at_least else value <= bound for value in got)
    needed = len(keys) if needed is None else min(needed, len(keys))
    return [[text, f"{bound} {'or more' if at_least else 'or less'}",
             f"{min(got):.2f} to {max(got):.2f}", f"{reached} of {len(keys)}",
             "yes" if reached >= needed else "**no**"]]
