"""Whether what is given fits what was taken: too tight, too lax or neither, from a dump of `/debug/timeouts`.

A dump has, by entry, how often its time was given (`uses`), how often that was not enough (`hits`), and in which
`shares` of it the others were done (`used`, one number for each bin).
"""

import json
import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

import attrs

TIGHT: Final = 0.8
LAX: Final = 0.05
QUANTILE: Final = 0.999
FEWEST: Final = 100
"""Uses below which nothing is said: a p99.9 of a dozen is its slowest."""


class Verdict(Enum):
    """How an entry fits."""

    TIGHT = "too tight"
    FITS = "fits"
    LAX = "too lax"
    UNKNOWN = "too few uses"


class NoDump(Exception):
    """The text is no dump; the sentence says what is missing."""


@attrs.frozen
class Margin:
    """One entry that was used."""

    name: str
    seconds: float
    uses: int
    hits: int
    share: float
    """p99.9 of the share of its time that was taken, as the upper bound of its bin; infinite when it ran out."""
    verdict: Verdict


def read_dump(text: str) -> tuple[str, list[Margin]]:
    """The version that was in force, and a margin for each entry that was used. Raises NoDump."""
    try:
        dump = json.loads(text)
        shares = [float(share) for share in dump["shares"]]
        entries = dump["timeouts"].items()
        return str(dump["timeout_config_version"]), [
            _margin(name, entry, shares) for name, entry in entries if entry["uses"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoDump(f"expected what /debug/timeouts answers: {type(error).__name__}: {error}") from error


def _margin(name: str, entry: Mapping[str, Any], shares: Sequence[float]) -> Margin:
    uses, hits = int(entry["uses"]), int(entry["hits"])
    share = _quantile(entry["used"], shares, uses)
    return Margin(name, float(entry["seconds"]), uses, hits, share, _verdict(share, uses, hits))


def _quantile(bins: Sequence[int], shares: Sequence[float], uses: int) -> float:
    """The upper bound of the bin in which the quantile lies; infinite when it lies among those that ran out."""
    rank, seen = math.ceil(uses * QUANTILE), 0
    for share, count in zip(shares, bins, strict=True):
        seen += count
        if seen >= rank:
            return share
    return math.inf


def _verdict(share: float, uses: int, hits: int) -> Verdict:
    if share > TIGHT and (uses >= FEWEST or hits):
        return Verdict.TIGHT
    if uses < FEWEST:
        return Verdict.UNKNOWN
    return Verdict.LAX if share <= LAX else Verdict.FITS
