"""What a change does to the rules: new, fixed and moved findings, each new one on a line that the change touched."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Literal

import attrs

from whiteboard.governance.checking import Outcome
from whiteboard.governance.rules.findings import Finding, Hop

ChangedLines = Mapping[str, AbstractSet[int]]
"""The lines of each file, as the change leaves it, that it added or altered."""

State = Literal["new", "moved", "known"]


@attrs.frozen
class Compared:
    """A finding of the head, held against the base."""

    finding: Finding
    state: State
    hop: Hop
    """Where it is shown: the hop that the change touched, else the last."""
    is_touched: bool
    """Whether that hop stands on a changed line."""


@attrs.frozen
class Comparison:
    """The findings of the head, and those of the base that are gone."""

    head: tuple[Compared, ...]
    fixed: tuple[Finding, ...]

    def of(self, state: State) -> tuple[Compared, ...]:
        """The findings of one state."""
        return tuple(one for one in self.head if one.state == state)

    @property
    def breaks(self) -> bool:
        """Whether the change adds an error."""
        return any(one.finding.severity == "error" for one in self.of("new"))


def compare(base: Outcome, head: Outcome, changed: ChangedLines) -> Comparison:
    """Finding by finding. One that only changed its function's or file's name has moved."""
    before = {finding.fingerprint: finding for finding in base.findings}
    after = {finding.fingerprint for finding in head.findings}
    gone = {mark: finding for mark, finding in before.items() if mark not in after}
    compared = []
    for finding in head.findings:
        state: State = "known" if finding.fingerprint in before else "new"
        if state == "new" and (twin := _twin(finding, gone.values())) is not None:
            del gone[twin.fingerprint]
            state = "moved"
        elif state == "known" and _where(before[finding.fingerprint]) != _where(finding):
            state = "moved"
        compared.append(_placed(finding, state, changed))
    return Comparison(tuple(compared), tuple(gone.values()))


def _twin(finding: Finding, gone: Iterable[Finding]) -> Finding | None:
    """The one that has gone and says the same of the same text elsewhere."""
    return next((one for one in gone if _essence(one) == _essence(finding)), None)


def _essence(finding: Finding) -> tuple[str, str, str]:
    sink = finding.sink.partition(" in ")[0]
    return finding.rule, sink, finding.chain[-1].site.text


def _where(finding: Finding) -> tuple[str, str]:
    return finding.chain[-1].site.path, finding.chain[-1].function


def _placed(finding: Finding, state: State, changed: ChangedLines) -> Compared:
    touched = [hop for hop in finding.chain if hop.site.line in changed.get(hop.site.path, ())]
    if touched:
        return Compared(finding, state, touched[-1], True)
    in_file = [hop for hop in finding.chain if hop.site.path in changed]
    return Compared(finding, state, in_file[-1] if in_file else finding.chain[-1], False)
