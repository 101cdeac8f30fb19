"""An answer with a whole board, of which only so many are made and sent at a time.

A large board is megabytes, from the first element put into it until a slow reader has taken the last
byte. Must not know what is in them.
"""

from collections.abc import Awaitable, Callable, Mapping

import trio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from whiteboard import limits, timeouts
from whiteboard.web.answers import RETRY_LATER, Refused, json_bytes


class BoardView(Response):
    """What `make` gives, as JSON, once one of the `places` is free.

    The place is held until the answer is sent, or has turned out to be a small one. When none comes
    free within BOARD_VIEW: 503 and when to come back. What `make` raises becomes an answer as out of a route.
    """

    def __init__(
        self,
        places: trio.Semaphore,
        make: Callable[[], Awaitable[bytes]],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        # Not Response.__init__: there is nothing to render yet.
        self.background = None
        self._places = places
        self._make = make
        self._extra = dict(headers or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._wait_for_place()
        is_held = True
        try:
            answer = json_bytes(await self._make(), headers=self._extra)
            if len(answer.body) <= limits.LARGE_ANSWER_BYTES:
                is_held = False
                self._places.release()
            await answer(scope, receive, send)
        finally:
            if is_held:
                self._places.release()

    async def _wait_for_place(self) -> None:
        with trio.move_on_after(timeouts.BOARD_VIEW.seconds) as patience:
            await self._places.acquire()
        if patience.cancelled_caught:
            reason = f"{limits.MAX_BOARD_VIEWS} whole boards are being read already; try again."
            raise Refused(503, "unavailable", reason, headers=RETRY_LATER)
