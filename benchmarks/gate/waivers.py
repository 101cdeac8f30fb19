"""Changes for the worse that were meant: named one by one, with a reason and an end."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

FILE: Final = Path(__file__).with_name("waivers.yaml")


class BadWaiver(Exception):
    """The file says something that waivers do not say."""


@dataclass(frozen=True)
class Waiver:
    """One kind of finding about one benchmark, accepted until a day."""

    benchmark: str
    kind: str
    """`sec/op`, or a count's name, or what is left of a cycle."""
    reason: str
    until: date

    def covers(self, benchmark: str, kind: str, today: date) -> bool:
        """Whether that finding is accepted on that day."""
        return (self.benchmark, self.kind) == (benchmark, kind) and today <= self.until


def read(text: str) -> list[Waiver]:
    """The waivers of a file. Raises BadWaiver."""
    found = yaml.safe_load(text) or []
    if not isinstance(found, list):
        raise BadWaiver("waivers are a list")
    return [_waiver(one) for one in found]


def _waiver(one: Any) -> Waiver:
    wanted = {"benchmark", "kind", "reason", "until"}
    if not isinstance(one, dict) or set(one) != wanted:
        raise BadWaiver(f"a waiver has {', '.join(sorted(wanted))}; this is {one!r}")
    if not isinstance(one["until"], date):
        raise BadWaiver(f"until is {one['until']!r}, which is no day such as 2027-01-31")
    if not str(one["reason"]).strip():
        raise BadWaiver(f"the waiver for {one['benchmark']} has no reason")
    return Waiver(str(one["benchmark"]), str(one["kind"]), str(one["reason"]), one["until"])
