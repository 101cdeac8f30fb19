"""Waiting for what another process does."""

import time
from collections.abc import Callable

POLL_SECONDS = 0.05


def until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Return once it is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(POLL_SECONDS)
