"""The answer to a WebSocket's upgrade, by trio-websocket. Nothing of it lives on afterwards.

Owns everything that touches that library. It never sees the socket: it reads a clean request head, says
its answer, and is thrown away. Two readers of one socket would tear frames apart.

What it says depends on what was agreed on, and is the same for all who agree on the same but for the proof that
their key was read. So it is asked once for each kind of answer: a handshake costs it a third of a millisecond and seven changes of tasks,
which is much when hundreds come back at once.
"""

from typing import Final

import trio
import trio_websocket
from wsproto.utilities import generate_accept_token

from whiteboard import limits, timeouts
from whiteboard.deadlines import deadline
from whiteboard.transport.upgrade import Upgrade, clean_head

_Kind = tuple[str | None, str | None]
_known: Final[dict[_Kind, tuple[bytes, bytes]]] = {}
"""Subprotocol and extension -> what the library says before and behind the proof; at most MAX_OPENINGS of them."""


def known_answer_to(upgrade: Upgrade) -> bytes | None:
    """The head of the answer that accepts `upgrade`; None before the library was asked for one of its kind."""
    known = _known.get(_kind(upgrade))
    return None if known is None else known[0] + _proof(upgrade) + known[1]


async def answer_to(upgrade: Upgrade) -> bytes:
    """The head of the answer that accepts `upgrade`. Cancellation does not cut it off: it waits for nobody.

    Raises TimedOut should the library not be done within WS_HANDSHAKE.
    """
    known = known_answer_to(upgrade)
    if known is not None:
        return known
    with deadline(timeouts.WS_HANDSHAKE, shield=True):
        said = await _ask(upgrade)
    before, found, behind = said.partition(_proof(upgrade))
    if found and len(_known) < limits.MAX_OPENINGS:
        _known[_kind(upgrade)] = before, behind
    return said


def _kind(upgrade: Upgrade) -> _Kind:
    return upgrade.chosen_subprotocol, upgrade.deflate


def _proof(upgrade: Upgrade) -> bytes:
    return generate_accept_token(upgrade.key.encode("ascii"))


async def _ask(upgrade: Upgrade) -> bytes:
    """What trio-websocket says to it. Opens a nursery with one child, its reader, which ends with it."""
    stream = _Script(clean_head(upgrade))
    async with trio.open_nursery() as nursery:
        request = await trio_websocket.wrap_server_stream(nursery, stream)
        await request.accept(subprotocol=upgrade.chosen_subprotocol, extra_headers=_extensions(upgrade))
        nursery.cancel_scope.cancel()
    return stream.said


def _extensions(upgrade: Upgrade) -> list[tuple[bytes, bytes]]:
    """Said beside what the library knows, since the extension is ours."""
    return [] if upgrade.deflate is None else [(b"Sec-WebSocket-Extensions", upgrade.deflate.encode("ascii"))]


class _Script(trio.abc.Stream):
    """A stream that says a head and nothing else, and notes what it is told."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self.said = b""

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        if not self._head:
            await trio.sleep_forever()
        data, self._head = self._head[:max_bytes], self._head[max_bytes or len(self._head) :]
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        self.said += data

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()
