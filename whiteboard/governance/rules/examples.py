"""The proof of a rule: code that it must find, and code that it must not.

`constraints/examples/<ID>/bad.py` and `good.py` hold one or several modules, each begun by a line
`# file: pkg/part/module.py`. A line of bad code that ends with `# found` is where a chain must end; nothing else may
be found in it, and nothing at all in the good one. A line with `# seen: pkg.part.function` stands for a call that was recorded there.
"""

import re
from pathlib import Path
from typing import Final

import attrs

from whiteboard.governance.graph.build import build
from whiteboard.governance.graph.model import Edge, EdgeKind, Function, Graph, Site
from whiteboard.governance.rules.document import Rule
from whiteboard.governance.rules.findings import Finding
from whiteboard.governance.rules.kinds import check
from whiteboard.governance.rules.world import World
from whiteboard.governance.sources import from_texts

_FILE: Final = re.compile(r"^# file: (\S+\.py)\s*$")
_FOUND: Final = re.compile(r"# found\s*$")
_SEEN: Final = re.compile(r"# seen: ([\w.]+)")


def prove(rule: Rule, folder: Path) -> list[str]:
    """What a rule's examples show to be wrong with it, in sentences; empty when it is proved."""
    problems: list[str] = []
    for name in ("bad", "good"):
        path = folder / rule.id / f"{name}.py"
        if not path.is_file():
            problems.append(f"{path}: missing: {rule.id} has no {name} example")
            continue
        text = path.read_text(encoding="utf-8")
        problems += [f"{path}: {said}" for said in judge(rule, text)]
        if name == "bad" and not any(map(_FOUND.search, text.splitlines())):
            problems.append(f"{path}: no line ends with `# found`")
        if name == "good" and any(map(_FOUND.search, text.splitlines())):
            problems.append(f"{path}: a line of good code ends with `# found`")
    return problems


def judge(rule: Rule, text: str) -> list[str]:
    """What a rule finds in code and should not, or misses, in sentences. Marks of `# found` say what it should."""
    files = split(text)
    sources = from_texts(files)
    if sources.errors or not files:
        return [str(error) for error in sources.errors] or ["it has no line `# file: some/module.py`"]
    lines = text.splitlines()
    findings = check(rule, World(_with_seen(build(sources.files), lines))).findings
    expected = {number for number, line in enumerate(lines, 1) if _FOUND.search(line)}
    found = {line_of(finding) for finding in findings}
    missed = [
        f"line {number}: {rule.id} does not find {lines[number - 1].strip()}"
        for number in sorted(expected - found)
    ]
    surplus = [
        f"line {line_of(finding)}: {rule.id} finds what it should not: {finding.message}"
        for finding in findings
        if line_of(finding) not in expected
    ]
    return missed + surplus


def _with_seen(graph: Graph, lines: list[str]) -> Graph:
    """The graph with the calls that the marks of `# seen` say were recorded, as far as it lacks them."""
    marks = [(number, mark[1]) for number, line in enumerate(lines, 1) if (mark := _SEEN.search(line))]
    shown = {(edge.caller, edge.callee) for edge in graph.edges}
    added = tuple(
        Edge(
            caller.name,
            callee,
            EdgeKind.CALL,
            Site(caller.path, number, 0, lines[number - 1].strip()),
            "dynamic",
        )
        for number, callee in marks
        if (caller := _innermost(graph, number)) is not None and (caller.name, callee) not in shown
    )
    return attrs.evolve(graph, edges=graph.edges + added)


def _innermost(graph: Graph, line: int) -> Function | None:
    around = [one for one in graph.functions.values() if one.line <= line <= one.end_line]
    return max(around, key=lambda one: one.line, default=None)


def split(text: str) -> dict[str, str]:
    """The modules of an example by path. Each keeps the line numbers of the whole."""
    lines = text.splitlines()
    starts = [(number, begun[1]) for number, line in enumerate(lines, 1) if (begun := _FILE.match(line))]
    ends = [number - 1 for number, _ in starts[1:]] + [len(lines)]
    files = {
        path: "\n" * number + "\n".join(lines[number:end]) + "\n"
        for (number, path), end in zip(starts, ends, strict=True)
    }
    return _with_packages(files)


def _with_packages(files: dict[str, str]) -> dict[str, str]:
    """Every folder on the way is a package, also one whose `__init__.py` the example does not write down."""
    packages = {
        "/".join([*path.split("/")[:depth], "__init__.py"])
        for path in files
        for depth in range(1, path.count("/") + 1)
    }
    return {**dict.fromkeys(sorted(packages), ""), **files}


def line_of(finding: Finding) -> int:
    """The line at which a finding's chain ends."""
    return finding.chain[-1].site.line
