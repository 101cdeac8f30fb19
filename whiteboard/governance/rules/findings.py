"""What a rule has found: values that all reports are made from."""

import hashlib
from collections.abc import Iterable
from typing import Final

import attrs

from whiteboard.governance.graph.model import Site
from whiteboard.governance.rules.document import Rule, Severity

FINGERPRINT_LENGTH: Final = 16
"""Hex digits: 64 bits, no clash among a million findings."""


@attrs.frozen
class Hop:
    """One step of a chain: in which function, at which line, and what is there."""

    function: str
    site: Site
    note: str = ""


@attrs.frozen
class Finding:
    """A place where a rule does not hold."""

    rule: str
    source: str
    """The function from which it was found: the entry of a chain."""
    sink: str
    """What is wrong there, without line numbers: a called function, or the text of an expression."""
    message: str
    chain: tuple[Hop, ...]
    """The entry first, the sink last; at least one."""
    severity: Severity = "error"
    instead: str = ""

    @property
    def fingerprint(self) -> str:
        """The same for the same fault after lines have moved."""
        whole = f"{self.rule}\0{self.source}\0{self.sink}"
        return hashlib.sha256(whole.encode()).hexdigest()[:FINGERPRINT_LENGTH]

    @property
    def path(self) -> str:
        """What a waiver names."""
        return f"{self.source} -> {self.sink}"


def found(rule: Rule, *, source: str, sink: str, message: str, chain: tuple[Hop, ...]) -> Finding:
    """A finding as severe as its rule, with the rule's advice."""
    return Finding(rule.id, source, sink, message, chain, rule.severity, rule.instead)


@attrs.frozen
class Verdict:
    """What one rule says."""

    findings: tuple[Finding, ...]
    cone: frozenset[str]
    """The functions that it looked at; what is unresolved in them, it was blind to."""


def numbered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """In the order of their places; alike ones of one function get a number, so that no two are the same."""
    seen: dict[str, int] = {}
    result = []
    for finding in sorted(findings, key=_place):
        count = seen[finding.fingerprint] = seen.get(finding.fingerprint, 0) + 1
        result.append(finding if count == 1 else attrs.evolve(finding, sink=f"{finding.sink} #{count}"))
    return tuple(result)


def _place(finding: Finding) -> tuple[str, int, int, str, str]:
    site = finding.chain[-1].site
    return site.path, site.line, site.column, finding.source, finding.sink
