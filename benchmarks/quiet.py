"""Measuring beside other people's work: look again when somebody else had the server's core."""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

QUIET_PERCENT: Final = 3.0


class Starvable(Protocol):
    """Figures that know how much of the time the server was ready to run and had no core."""

    @property
    def starved_percent(self) -> float:
        """Of the time measured. In sqlite mode a little is the server's own writer thread."""
        ...


_Figures = TypeVar("_Figures", bound=Starvable)


def least_starved(measure: Callable[[], _Figures], attempts: int) -> _Figures:
    """The first quiet measurement, or the quietest of so many. The choice does not look at the figures."""
    best = measure()
    for _ in range(attempts - 1):
        if not best.starved_percent > QUIET_PERCENT:
            break
        best = min(best, measure(), key=lambda one: one.starved_percent)
    return best
