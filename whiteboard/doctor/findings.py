"""What a check found: how it stands, what was seen, why it matters, what to change. Pure."""

import enum
from dataclasses import dataclass

from whiteboard import limits


class Mark(enum.Enum):
    """How a check stands."""

    GOOD = "good"
    WARNING = "warning"
    """Works, and should be looked at."""
    BAD = "bad"
    """Something does not work for somebody."""
    SKIPPED = "skipped"
    """Could not be looked at; why is in `seen`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report, and what belongs to it."""

    check: str
    """One of `examination.CHECKS`."""
    mark: Mark
    seen: str
    """What was seen, as a sentence without its dot."""
    code: str = ""
    """The trouble's name for programs, as docs/doctor.md lists it; empty when there is none."""
    why: str = ""
    """What it does to whom."""
    change: str = ""
    """What to do about it; several lines where it quotes a configuration."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that can be wrong: what is known of it before it is seen anywhere."""

    code: str
    check: str
    mark: Mark
    why: str
    change: str
    """With `{name}` where what was seen belongs."""

    def found(self, seen: str, **values: str) -> Finding:
        """That it was seen. `values` fill in `change`."""
        return Finding(self.check, self.mark, seen, self.code, self.why, self.change.format(**values))


def good(check: str, seen: str) -> Finding:
    """Nothing is wrong there."""
    return Finding(check, Mark.GOOD, seen)


def skipped(check: str, because: str) -> Finding:
    """It was not looked at."""
    return Finding(check, Mark.SKIPPED, because)


def is_bad(findings: list[Finding]) -> bool:
    """Whether something does not work."""
    return any(finding.mark is Mark.BAD for finding in findings)


def shown(text: str, most: int = limits.MAX_SHOWN_VALUE_CHARS) -> str:
    """What somebody else said, fit for a terminal: cut, in one line, without control characters."""
    line = " ".join(text[: most * 2].split())
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    return clean if len(clean) <= most and len(text) <= most * 2 else f"{clean[:most]}…"
