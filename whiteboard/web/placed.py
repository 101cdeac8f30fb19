"""Answers that take much memory, of which only so many are made and sent at a time. Must not know what is in them."""

from collections.abc import Awaitable, Callable

import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from whiteboard import limits
from whiteboard.deadlines import within
from whiteboard.timeouts import Timeout
from whiteboard.web.answers import Refused, retry_later


async def take_place(places: trio.Semaphore, patience: Timeout, reason: str) -> None:
    """Wait for a place; when none comes free in time, Refused: 503 with the reason and when to come back."""
    with within(patience) as waiting:
        await places.acquire()
    if waiting.cancelled_caught:
        raise Refused(503, "unavailable", f"{reason}; try again.", headers=retry_later())


class PlacedAnswer(Response):
    """What `make` gives, once one of the `places` is free.

    The place is held until the answer is sent, or has turned out to be a small one. When none comes free in time: 503.
    What `make` raises becomes an answer as out of a route.
    """

    def __init__(
        self,
        places: trio.Semaphore,
        patience: Timeout,
        busy: str,
        make: Callable[[], Awaitable[Response]],
    ) -> None:
        # Not Response.__init__: there is nothing to render yet.
        self.background = None
        self._places = places
        self._patience = patience
        self._busy = busy
        self._make = make

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await take_place(self._places, self._patience, self._busy)
        is_held = True
        try:
            answer = await self._make()
            if len(answer.body) <= limits.LARGE_ANSWER_BYTES:
                is_held = False
                self._places.release()
            await answer(scope, receive, send)
        finally:
            if is_held:
                self._places.release()
