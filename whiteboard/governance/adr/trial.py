"""Whether a gain that was expected has come: the measured series against the expectation.

*validated*: what was observed is better than the baseline (Mann-Whitney, p at most BETTER_AT) and its median is at the
target or beyond it (sign test, p at most TARGET_AT). *refuted*: its median misses the target (sign test), or is no better
than the baseline at all. Between them it is *undecided*. Fewer than LEAST_RUNS runs on a side are *not enough data*: the
figures are told, and nothing is concluded.
"""

import re
from collections.abc import Iterable
from typing import Final

import attrs

from whiteboard.governance.adr.ranks import chance_of_below, chance_of_lower
from whiteboard.governance.adr.record import Better, Expectation, Verdict
from whiteboard.governance.adr.series import Series
from whiteboard.governance.records import Unusable

LEAST_RUNS: Final = 5
"""With five against five the least p of the tests is 0.004 and 0.03; with fewer neither could convince."""
BETTER_AT: Final = 0.01
TARGET_AT: Final = 0.05
_PART: Final = re.compile(r"(\d+(?:\.\d+)?) % of baseline")
_FIGURE: Final = re.compile(r"\d+(?:\.\d+)?")


@attrs.frozen
class Trial:
    """What the series says of an expectation."""

    expectation: Expectation
    series: Series
    target: float
    """In the unit of the series."""
    better: float
    """p that it looks so much better than the baseline by chance."""
    reached: float
    """p that so many runs are beyond the target by chance."""
    missed: float
    """p that so many runs fall short of the target by chance."""
    verdict: Verdict


def try_expectation(expectation: Expectation, series: Series) -> Trial:
    """Compare. Raises Unusable where they are about different things or the target is no target."""
    if expectation.metric != series.metric:
        raise Unusable([f"{expectation.source}: is about {series.metric!r}, not {expectation.metric!r}"])
    target = target_of(expectation, series)
    sign = 1 if expectation.better is Better.LOWER else -1
    observed = [sign * value for value in series.observed.values]
    baseline = [sign * value for value in series.baseline.values]
    better = chance_of_lower(observed, baseline)
    reached = chance_of_below(observed, sign * target)
    missed = chance_of_below([-value for value in observed], -sign * target)
    enough = min(len(observed), len(baseline)) >= LEAST_RUNS
    gained = sign * series.observed.median < sign * series.baseline.median
    verdict = _verdict(better, reached, missed, gained=gained) if enough else Verdict.NOT_ENOUGH_DATA
    return Trial(expectation, series, target, better, reached, missed, verdict)


def target_of(expectation: Expectation, series: Series) -> float:
    """The target in the unit of the series. Raises Unusable."""
    if (part := _PART.fullmatch(expectation.target)) is not None:
        return float(part[1]) / 100 * series.baseline.median
    if is_figure(expectation.target):
        return float(expectation.target)
    raise Unusable([f"target {expectation.target!r} is neither a figure nor `N % of baseline`"])


def is_figure(target: str) -> bool:
    """Whether a target stands in the unit of the series, not as a part of its baseline."""
    return _FIGURE.fullmatch(target) is not None


def _verdict(better: float, reached: float, missed: float, *, gained: bool) -> Verdict:
    if missed <= TARGET_AT or not gained:
        return Verdict.REFUTED
    if better <= BETTER_AT and reached <= TARGET_AT:
        return Verdict.VALIDATED
    return Verdict.UNDECIDED


def verdict_of_all(trials: Iterable[Trial]) -> Verdict:
    """Of a decision: refuted by one, validated by all, else what is weakest."""
    found = {trial.verdict for trial in trials}
    for verdict in (Verdict.REFUTED, Verdict.NOT_ENOUGH_DATA, Verdict.UNDECIDED):
        if verdict in found:
            return verdict
    return Verdict.VALIDATED
