"""`whiteboard check`: holds a package against rules, and reports. Exit codes: 0 all hold, 1 findings, 2 unusable input."""

import argparse
import datetime as dt
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TextIO

import attrs

from whiteboard.governance.checking import Outcome, hold_against
from whiteboard.governance.comparison import Comparison, compare
from whiteboard.governance.graph.build import build
from whiteboard.governance.graph.dynamic import SeenEdge, merge, read_edges
from whiteboard.governance.graph.model import Graph
from whiteboard.governance.history import History, UnusableHistory
from whiteboard.governance.records import Unusable
from whiteboard.governance.reports import docs, github, json_report, sarif, summary, text
from whiteboard.governance.reports.progress import Progress
from whiteboard.governance.rules import examples
from whiteboard.governance.rules.document import Rule, load_folder
from whiteboard.governance.rules.faults import nearest
from whiteboard.governance.rules.kinds import SPECS
from whiteboard.governance.sources import Sources, from_texts, read_folder

HOLDS: Final = 0
FINDINGS: Final = 1
UNUSABLE: Final = 2

Report = Callable[[Outcome, Comparison | None], str]

FORMATS: Final[dict[str, Report]] = {
    "json": json_report.render,
    "sarif": sarif.render,
    "github": github.render,
    "summary": summary.render,
}


def run(arguments: argparse.Namespace, out: TextIO = sys.stdout, err: TextIO = sys.stderr) -> int:
    """Do what the arguments say; the exit code."""
    try:
        rules = _rules(arguments)
        if arguments.write_docs or arguments.check_docs:
            return _pages(arguments, rules, err)
        return _check(arguments, rules, out, err)
    except Unusable as fault:
        problems = fault.problems
    except UnusableHistory as fault:
        problems = [str(fault)]
    for problem in problems:
        print(f"whiteboard check: {problem}", file=err)
    return UNUSABLE


def _rules(arguments: argparse.Namespace) -> tuple[Rule, ...]:
    if not arguments.rules.is_dir():
        raise Unusable([f"{arguments.rules}: no such folder of rules"])
    rules = load_folder(arguments.rules, SPECS)
    if not arguments.rule:
        return rules
    known = {rule.id: rule for rule in rules}
    wrong = [
        f"--rule: no rule {name!r}{nearest(name, known)}" for name in arguments.rule if name not in known
    ]
    if wrong:
        raise Unusable(wrong)
    return tuple(known[name] for name in arguments.rule)


def _pages(arguments: argparse.Namespace, rules: tuple[Rule, ...], err: TextIO) -> int:
    made = docs.pages(rules, arguments.rules)
    if arguments.write_docs:
        docs.write(arguments.write_docs, made)
        return HOLDS
    problems = docs.stale(arguments.check_docs, made)
    for problem in problems:
        print(
            f"whiteboard check: {problem}: run `python -m whiteboard check --write-docs` and commit it",
            file=err,
        )
    return FINDINGS if problems else HOLDS


def _check(arguments: argparse.Namespace, rules: tuple[Rule, ...], out: TextIO, err: TextIO) -> int:
    began = time.monotonic()
    progress = Progress(err, time.monotonic)
    try:
        outcome, comparison = _outcomes(arguments, rules, progress)
    finally:
        progress.clear()
    outcome = attrs.evolve(outcome, seconds=time.monotonic() - began)
    _report(arguments, outcome, comparison, out)
    if comparison is not None:
        return FINDINGS if comparison.breaks or outcome.problems else HOLDS
    return HOLDS if outcome.holds else FINDINGS


def _outcomes(
    arguments: argparse.Namespace, rules: tuple[Rule, ...], progress: Progress
) -> tuple[Outcome, Comparison | None]:
    today = arguments.today or dt.datetime.now(dt.UTC).date()
    steps = len(rules) + 1
    seen_edges = _seen(arguments.seen)  # first: reading it takes a moment, the graph takes seconds
    progress.tell(0, steps, "reading the call graph")
    history = History(Path.cwd()) if arguments.base else None
    head = _graph(_head(arguments.package, history))
    seen = merge(head, seen_edges)

    def prove(rule: Rule) -> list[str]:
        return [] if arguments.no_examples else examples.prove(rule, arguments.rules / "examples")

    outcome = hold_against(
        seen.graph,
        rules,
        today,
        prove=prove,
        tell=lambda done, rule: progress.tell(done + 1, steps, f"holding {rule}"),
    )
    if arguments.seen:
        outcome = attrs.evolve(outcome, recall=seen.recall)
    if history is None:
        return outcome, None
    parting = history.merge_base(arguments.base)
    base = _graph(from_texts(history.files_at(parting, arguments.package)))
    before = hold_against(base, rules, today)
    return outcome, compare(before, outcome, history.changed_lines(parting))


def _head(package: Path, history: History | None) -> Sources:
    if not package.is_dir():
        raise Unusable([f"{package}: no such folder of a package"])
    return read_folder(package, history.root if history is not None else Path.cwd())


def _seen(files: Iterable[Path]) -> list[SeenEdge]:
    try:
        return [edge for path in files for edge in read_edges(path)]
    except (OSError, ValueError) as fault:
        raise Unusable([f"--seen: {fault}"]) from fault


def _graph(sources: Sources) -> Graph:
    if sources.errors:
        raise Unusable(str(error) for error in sources.errors)
    if not sources.files:
        raise Unusable(["there is no Python file in the package"])
    return build(sources.files)


def _report(
    arguments: argparse.Namespace, outcome: Outcome, comparison: Comparison | None, out: TextIO
) -> None:
    if arguments.format != "text":
        report = FORMATS[arguments.format](outcome, comparison)
        if arguments.output is None:
            out.write(report)
            return
        arguments.output.write_text(report, encoding="utf-8")
    is_coloured = out.isatty() and "NO_COLOR" not in os.environ
    told = text.render(outcome, is_coloured=is_coloured, is_full=arguments.blind)
    if comparison is not None:
        told = text.render_comparison(comparison, is_coloured=is_coloured) + told
    if arguments.format == "text" and arguments.output is not None:
        arguments.output.write_text(told, encoding="utf-8")
        return
    out.write(told)
