"""Debts and incidents as people write them down, one YAML document each.

Nothing is taken on trust that can be looked up: an item names what it is about by modules, functions or paths that
exist, and says by its links where it is known from.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final

import attrs

from whiteboard.governance.records import SLUG, Unusable, read_documents

IMPACTS: Final = range(1, 11)
_COMMIT: Final = re.compile(r"commit:[0-9a-f]{7,40}")
_ELSEWHERE: Final = re.compile(r"https://\S+|requirement:R\d+")


class Severity(StrEnum):
    """How bad an incident was for those who use the program."""

    CRITICAL = "critical"
    """What had been acknowledged was lost or wrong, or the program was down for everybody."""
    HIGH = "high"
    """Some people lost work, or could not go on until they or an operator did something."""
    MEDIUM = "medium"
    """Some were held up, or a promise did not hold in rare circumstances."""
    LOW = "low"
    """Seen by those who look closely; nobody was held up."""


@attrs.frozen
class Impact:
    """What the debt costs those who use or run the program while it is not paid, in somebody's judgement."""

    value: int
    """1 (hardly anybody notices) to 10 (a reason not to use the program)."""
    set_by: str
    set_on: date


@attrs.frozen
class Debt:
    """One thing that should be otherwise."""

    id: str
    title: str
    why: str
    """What it costs as it is, and why it is so."""
    cost_hours: float
    """What paying it takes, above 0."""
    impact: Impact
    modules: tuple[str, ...]
    """Dotted names of modules and packages, or paths with a slash."""
    links: tuple[str, ...]
    """Where it is known from: paths, `commit:HASH`, `requirement:R1`, `https://`."""
    since: date
    """When it was written down first."""
    paid: date | None = None
    """When it was paid; since then it is on no board."""


@attrs.frozen
class Incident:
    """Something that went wrong, in the field, in a test or under a reviewer's eyes."""

    id: str
    date: date
    severity: Severity
    where: tuple[str, ...]
    """Dotted names of modules or functions, or paths with a slash."""
    what: str
    links: tuple[str, ...]
    """What mended it, or shows it."""


@attrs.frozen
class Book:
    """All that is written down."""

    debts: tuple[Debt, ...]
    incidents: tuple[Incident, ...]


def read_book(root: Path, modules: Iterable[str]) -> Book:
    """What `root` has in `debt` and `incidents`, each looked up in `modules` and in the tree.

    Raises Unusable with every mistake of all documents.
    """
    debts = read_documents(root / "debt", Debt)
    incidents = read_documents(root / "incidents", Incident)
    known = frozenset(modules)
    problems = [f"{path}: {told}" for path, debt in debts.items() for told in _faults_of_debt(debt, path)]
    problems += [
        f"{path}: {told}"
        for path, incident in incidents.items()
        for told in _faults_of_name(incident.id, path)
    ]
    problems += [
        f"{path}: {told}"
        for path, names, links in _named(debts, incidents)
        for told in (*_faults_of_places(names, known, root), *_faults_of_links(links, root))
    ]
    if problems:
        raise Unusable(problems)
    return Book(tuple(debts.values()), tuple(incidents.values()))


def module_of(name: str, known: frozenset[str]) -> str | None:
    """The module that a dotted name of a module, package, class or function leads to; None if there is none."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


def _named(
    debts: Mapping[Path, Debt], incidents: Mapping[Path, Incident]
) -> Iterator[tuple[Path, tuple[str, ...], tuple[str, ...]]]:
    yield from ((path, debt.modules, debt.links) for path, debt in debts.items())
    yield from ((path, incident.where, incident.links) for path, incident in incidents.items())


def _faults_of_debt(debt: Debt, path: Path) -> Iterator[str]:
    yield from _faults_of_name(debt.id, path)
    if debt.impact.value not in IMPACTS:
        yield f"impact.value is {debt.impact.value}, not within 1 to 10"
    if debt.cost_hours <= 0:
        yield f"cost_hours is {debt.cost_hours:g}, not above 0"
    if debt.paid is not None and debt.paid < debt.since:
        yield f"paid on {debt.paid}, before it was written down on {debt.since}"


def _faults_of_name(name: str, path: Path) -> Iterator[str]:
    if name != path.stem or not SLUG.fullmatch(name):
        yield f"id is {name!r}, not the file's name in small letters, digits and hyphens"


def _faults_of_places(names: tuple[str, ...], known: frozenset[str], root: Path) -> Iterator[str]:
    if not names:
        yield "names no module"
    for name in names:
        if "/" in name:
            if not (root / name).exists():
                yield f"{name}: no such path"
        elif module_of(name, known) is None:
            yield f"{name}: no such module"


def _faults_of_links(links: tuple[str, ...], root: Path) -> Iterator[str]:
    if not links:
        yield "has no link that says where it is known from"
    for link in links:
        if _COMMIT.fullmatch(link) or _ELSEWHERE.fullmatch(link):
            continue
        if not (root / link.partition("#")[0]).exists():
            yield f"{link}: no such path, commit:HASH, requirement:R1 or https:// address"
