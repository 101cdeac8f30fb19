"""Waiting for what another process does, which no event of ours can tell."""

from collections.abc import Awaitable, Callable

import trio

POLL_SECONDS = 0.005


async def until(is_so: Callable[[], bool | Awaitable[bool]], seconds: float = 90.0) -> None:
    """Return once the condition holds. Raises trio.TooSlowError after `seconds`."""
    with trio.fail_after(seconds):
        while True:
            answer = is_so()
            if answer if isinstance(answer, bool) else await answer:
                return
            await trio.sleep(POLL_SECONDS)
