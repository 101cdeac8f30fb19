"""How much trouble a part of the code has been: 0 none, towards 1 the more and the fresher its incidents.

    risk = 1 - product(1 - weight(severity) * fading(age) * nearness(hops))

over the incidents of the last WINDOW_DAYS that touch the part, or what depends on it. A weight is what one incident of
today, right here, makes the risk; with each HALF_LIFE_DAYS it counts half, with each hop away a quarter: through
ports nearly everything depends on nearly everything else, some hops away, and that alone is no risk.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

import attrs

from whiteboard.governance.debt.items import Incident, Severity

WINDOW_DAYS: Final = 90
HALF_LIFE_DAYS: Final = 30
WEIGHTS: Final = MappingProxyType(
    {Severity.CRITICAL: 0.4, Severity.HIGH: 0.2, Severity.MEDIUM: 0.1, Severity.LOW: 0.03}
)


@attrs.frozen
class Evidence:
    """An incident that speaks against a part of the code."""

    incident: Incident
    hops: int
    """0: in the part itself; n: in what depends on it, n imports or calls away."""
    weight: float
    """0 to 1: what this incident alone makes the risk."""


def evidence_at(today: date, incident: Incident, hops: int) -> Evidence | None:
    """What the incident weighs on that day; None before it happened and after the window."""
    age = (today - incident.date).days
    if not 0 <= age <= WINDOW_DAYS:
        return None
    fading: float = 0.5 ** (age / HALF_LIFE_DAYS)
    return Evidence(incident, hops, WEIGHTS[incident.severity] * fading * nearness(hops))


def nearness(hops: int) -> float:
    """1 in the part itself, a quarter at each further hop."""
    return 1 / (1 << 2 * hops)


def hops_to(incident: Incident, hops: Mapping[str, int]) -> int | None:
    """The least hops to a place of the incident; None if it touches nothing of them."""
    found = [hops[place] for place in incident.where if place in hops]
    return min(found, default=None)


def risk_of(evidence: Iterable[Evidence]) -> float:
    """0 to 1."""
    return 1 - math.prod(1 - one.weight for one in evidence)
