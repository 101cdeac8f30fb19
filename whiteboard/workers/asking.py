"""Questions between workers: one stream for each, which the front carries to the worker that is asked.

A question is a JSON object and the end of the stream's one direction; the answer is a mark, its length and itself.
An answer that is cut shows as one, and a worker that is away as a stream that ends.
"""

import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
import trio

from whiteboard import limits, timeouts
from whiteboard.deadlines import deadline, within
from whiteboard.diagnostics import logs
from whiteboard.errors import RoomClosed, StorageConflict, StorageCorrupt, StorageError, StorageUnavailable
from whiteboard.transport.wire import Wire
from whiteboard.workers.inlet import Inlet
from whiteboard.workers.link import LinkLost

log = logs.get_logger()

_HEAD: Final = 9
_FAULTS: Final[Mapping[bytes, Callable[[str], Exception]]] = {
    b"u": StorageUnavailable,
    b"x": StorageConflict,
    b"c": StorageCorrupt,
    b"r": RoomClosed,
}
_DONE: Final = b"="


class Question(msgspec.Struct, omit_defaults=True):
    """What a worker wants to know of another, or wants it to do."""

    what: str
    board: str = ""


Reply = Callable[[Question], Awaitable[bytes]]
"""What a question is answered with. May raise StorageError, RoomClosed: they are raised where it was asked."""


async def ask(inlet: Inlet, number: int, question: Question) -> bytes:
    """What worker `number` answers within WORKER_ANSWER.

    Raises what the reply raised there, and RoomClosed when the worker is away or went meanwhile: what it was to
    do may be done or not. Cancelled, that holds too.
    """
    ours, theirs = socket.socketpair()
    try:
        with deadline(timeouts.WORKER_ANSWER), _wire(ours) as wire:
            with theirs:
                await inlet.ask(number, theirs)
            await wire.send_all(msgspec.json.encode(question))
            wire.end_sending()
            head = await _take(wire, _HEAD)
            content = await _take(wire, min(int.from_bytes(head[1:], "big"), limits.MAX_ANSWER_BYTES))
    except (trio.TooSlowError, trio.BrokenResourceError, LinkLost, EOFError) as error:
        raise RoomClosed(f"process {number}, which has the board, does not answer") from error
    if head[:1] == _DONE:
        return content
    raise _FAULTS.get(head[:1], RoomClosed)(content.decode())


async def answer(reply: Reply, sock: socket.socket) -> None:
    """Read a question from `sock`, which is closed then, and answer it. Lets nothing out but cancellation."""
    with _wire(sock) as wire:
        try:
            with within(timeouts.WORKER_ANSWER):
                mark, content = await _reply(reply, await _read_question(wire))
                await wire.send_all(mark + len(content).to_bytes(_HEAD - 1, "big") + content)
        except (trio.BrokenResourceError, msgspec.MsgspecError):
            return  # who asked has gone
        except Exception:
            log.exception("connection_failed")


async def _reply(reply: Reply, question: Question) -> tuple[bytes, bytes]:
    try:
        return _DONE, await reply(question)
    except (StorageError, RoomClosed) as fault:
        mark = next((mark for mark, kind in _FAULTS.items() if type(fault) is kind), b"r")
        return mark, str(fault).encode()


async def _read_question(wire: Wire) -> Question:
    data = bytearray()
    while (chunk := await wire.receive()) and len(data) <= limits.MAX_QUESTION_BYTES:
        data += chunk
    return msgspec.json.decode(data, type=Question)


async def _take(wire: Wire, size: int) -> bytes:
    """So many bytes. Raises EOFError when there are fewer."""
    data = bytearray()
    while len(data) < size:
        chunk = await wire.receive(min(size - len(data), limits.MAX_READ_BYTES))
        if not chunk:
            raise EOFError
        data += chunk
    return bytes(data)


def _wire(sock: socket.socket) -> Wire:
    sock.setblocking(False)
    return Wire(sock)
