"""What the client's tests wait for."""

from typing import TypeVar

from client.scripted_server import Caller

from whiteboard.client import BoardClient, Event

E = TypeVar("E", bound=Event)


async def until(board: BoardClient, kind: type[E]) -> E:
    """The next event of a kind; those before it are passed over."""
    async for event in board.events():
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__} came")


async def let_in_and_stay(caller: Caller) -> None:
    """Welcome the client and hear on until it leaves."""
    await caller.let_in()
    await caller.stay()
