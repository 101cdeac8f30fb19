"""The time that a board's ops get. Owns how it goes on; the clock is somebody else's."""

from collections.abc import Callable


class ServerTime:
    """Milliseconds since 1970 that do not fall, whatever the clock does. One per board."""

    def __init__(self, clock_ms: Callable[[], int], earliest: int) -> None:
        """Args: `earliest` is the time of the board's last op."""
        self._clock_ms = clock_ms
        self._last = earliest

    def now(self) -> int:
        """The time for an op, not below any given before."""
        now = self._clock_ms()
        self._last = max(self._last, now)
        return self._last
