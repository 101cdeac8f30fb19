"""An answer with a whole board, of which only so many are made and sent at a time.

A large board is megabytes, from the first element put into it until a slow reader has taken the last
byte. Must not know what is in them.
"""

from collections.abc import Awaitable, Callable, Mapping

import trio
from starlette.responses import Response

from whiteboard import limits, timeouts
from whiteboard.web.answers import json_bytes
from whiteboard.web.placed import PlacedAnswer


class BoardView(PlacedAnswer):
    """What `make` gives, as JSON, once one of the `places` is free; when none is within BOARD_VIEW, 503."""

    def __init__(
        self,
        places: trio.Semaphore,
        make: Callable[[], Awaitable[bytes]],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        async def answer() -> Response:
            return json_bytes(await make(), headers=dict(headers or {}))

        busy = f"{limits.MAX_BOARD_VIEWS} whole boards are being read already"
        super().__init__(places, timeouts.BOARD_VIEW, busy, answer)
