"""How long to wait before the next try, and when not to try again. Pure: chance is handed in."""

from collections.abc import Callable
from typing import Final

from whiteboard import timeouts

FINAL_CLOSE_CODES: Final = frozenset({4400, 4401, 4403, 4404, 4409, 4413})
"""Close codes after which the same client would be refused again. 4408 (too slow) and
4429 (rate) are 44xx too, but coming back later with `since` is what they ask for."""

FINAL_HTTP_STATUSES: Final = frozenset({400, 401, 403, 404, 405, 410, 421, 426, 505})
"""Answers to the upgrade request that another try does not change."""

Uniform = Callable[[float, float], float]
"""A random number between two bounds."""


class Backoff:
    """Delays that double from CLIENT_RETRY_FIRST to CLIENT_RETRY_CAP, each with jitter.

    Jitter takes up to half away, so that a server that comes back does not meet everybody at once.
    """

    def __init__(self, uniform: Uniform) -> None:
        self._uniform = uniform
        self._failures = 0
        self._asked: tuple[float, float] | None = None

    @property
    def failures(self) -> int:
        """Tries since the last connection that proved good."""
        return self._failures

    def reset(self) -> None:
        """Note that a connection proved good."""
        self._failures = 0

    def ask(self, low: float, high: float) -> None:
        """Take a delay between these bounds next: what a draining server asks for (R12)."""
        cap = timeouts.CLIENT_RETRY_CAP.seconds
        low = min(max(low, 0.0), cap)
        self._asked = (low, min(max(high, low), cap))

    def next_delay(self) -> float:
        """Seconds to wait before the next try; counts it as one more failure."""
        self._failures += 1
        if self._asked is not None:
            (low, high), self._asked = self._asked, None
            return self._uniform(low, high)
        exponent = min(self._failures - 1, 16)
        full = min(timeouts.CLIENT_RETRY_FIRST.seconds * 2**exponent, timeouts.CLIENT_RETRY_CAP.seconds)
        return self._uniform(full / 2, full)
