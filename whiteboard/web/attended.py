"""Work that is for one client only, and is given up when it goes."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio
from starlette.requests import ClientDisconnect, Request

Result = TypeVar("Result")


async def while_there(request: Request, work: Callable[[], Awaitable[Result]]) -> Result:
    """What `work` gives or raises; it is cancelled when the client goes. Raises ClientDisconnect."""
    given: list[Result] = []
    fault: Exception | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_cancel_when_gone, request, nursery.cancel_scope)
        try:
            given.append(await work())
        except Exception as error:  # noqa: BLE001 - raised below: the nursery would put it into a group
            fault = error
        nursery.cancel_scope.cancel()
    if fault is not None:
        raise fault
    if not given:
        raise ClientDisconnect
    return given[0]


async def _cancel_when_gone(request: Request, scope: trio.CancelScope) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
