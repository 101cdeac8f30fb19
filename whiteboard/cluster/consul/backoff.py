"""How long to wait before an agent is asked again. Pure: chance is handed in."""

from collections.abc import Callable

from whiteboard import timeouts

Uniform = Callable[[float, float], float]
"""A random number between two bounds."""


def retry_delay(failures: int, uniform: Uniform) -> float:
    """Seconds: doubled from CONSUL_RETRY_FIRST to CONSUL_RETRY_CAP, less up to half of it by chance.

    Args:
        failures: tries in a row that failed; at least 1.
    """
    first, cap = timeouts.CONSUL_RETRY_FIRST.seconds, timeouts.CONSUL_RETRY_CAP.seconds
    full = min(first * 2 ** min(failures - 1, 16), cap)
    return uniform(full / 2, full)
