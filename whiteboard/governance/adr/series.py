"""Measured series: what was measured before and after a decision, how, and by which command or document."""

import hashlib
import json
import math
import statistics
from datetime import date
from pathlib import Path

import attrs

from whiteboard.governance.records import Unusable, read_document


@attrs.frozen
class Group:
    """One side of a comparison."""

    what: str
    """What was measured, so that it can be measured again."""
    values: tuple[float, ...]
    """One for each independent run, in the order of the runs; a single one where no more was written down."""

    @property
    def median(self) -> float:
        """The middle of the values."""
        return statistics.median(self.values)


@attrs.frozen
class Series:
    """A series as it stands in its file."""

    metric: str
    unit: str
    taken: date
    source: str
    """The command that measured it, or the document and commit that it was copied from."""
    machine: str
    method: str
    """How it was taken: in turns or one after the other, CPU time or wall time, what else was at work."""
    baseline: Group
    observed: Group


def read_series(path: Path) -> Series:
    """The series in a file. Raises Unusable."""
    series = read_document(path, Series)
    problems = [
        f"{path}: {told}"
        for side in ("baseline", "observed")
        for told in _faults_of(side, getattr(series, side))
    ]
    if problems:
        raise Unusable(problems)
    return series


def _faults_of(side: str, group: Group) -> list[str]:
    if not group.values:
        return [f"{side}.values is empty"]
    return [f"{side}.values has {value}" for value in group.values if not math.isfinite(value)]


def digest_of(*parts: attrs.AttrsInstance) -> str:
    """SHA-256 over attrs values, whatever their layout in a file was."""
    plain = [attrs.asdict(part) for part in parts]
    text = json.dumps(plain, sort_keys=True, default=str, ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
