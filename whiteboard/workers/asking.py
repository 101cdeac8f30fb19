"""Questions between workers: one stream for each, which the front carries to the worker that is asked.

A question is a JSON object and the end of its line; the stream's end says that nobody waits any more. The answer is a mark, its length and itself.
An answer that is cut shows as one, and a worker that is away as a stream that ends.
"""

import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
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
_END: Final = b"\n"


class Question(msgspec.Struct, omit_defaults=True):
    """What a worker wants to know of another, or wants it to do."""

    what: str
    board: str = ""
    told: str = ""
    """What it takes beyond that, as JSON."""
    seconds: float = 0.0
    """How much longer than WORKER_ANSWER the answer may take, because it was asked to."""
    lapses: bool = False
    """Whether the answer is given up when nobody waits for it any more."""


Reply = Callable[[Question], Awaitable[bytes]]
"""What a question is answered with. May raise StorageError, RoomClosed: they are raised where it was asked."""


async def ask(inlet: Inlet, number: int, question: Question) -> bytes:
    """What worker `number` answers within WORKER_ANSWER and the question's seconds.

    Raises what the reply raised there, and RoomClosed when the worker is away or went meanwhile: what it was to
    do may be done or not. Cancelled, that holds too.
    """
    return await _ask(inlet, number, question, question.seconds)


async def _ask(inlet: Inlet, number: int, question: Question, seconds: float) -> bytes:
    ours, theirs = socket.socketpair()
    try:
        with deadline(timeouts.WORKER_ANSWER, plus=seconds), _wire(ours) as wire:
            with theirs:
                await inlet.ask(number, theirs)
            await wire.send_all(msgspec.json.encode(question) + _END)
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
            question = None
            with within(timeouts.WORKER_ANSWER):
                question = await _read_question(wire)
            if question is not None:
                await _answer_in_time(reply, question, wire, question.seconds)
        except (trio.BrokenResourceError, msgspec.MsgspecError):
            return  # who asked has gone
        except Exception:
            log.exception("connection_failed")


async def _answer_in_time(reply: Reply, question: Question, wire: Wire, seconds: float) -> None:
    with within(timeouts.WORKER_ANSWER, plus=seconds):
        await (_answer_who_waits if question.lapses else _answer)(reply, question, wire)


async def _answer(reply: Reply, question: Question, wire: Wire) -> None:
    mark, content = await _reply(reply, question)
    await wire.send_all(mark + len(content).to_bytes(_HEAD - 1, "big") + content)


async def _answer_who_waits(reply: Reply, question: Question, wire: Wire) -> None:
    """The same for as long as who asked is there."""
    async with trio.open_nursery() as nursery:

        async def watch() -> None:
            with suppress(trio.BrokenResourceError):
                await wire.receive()
            nursery.cancel_scope.cancel()

        nursery.start_soon(watch)
        with suppress(trio.BrokenResourceError):
            await _answer(reply, question, wire)
        nursery.cancel_scope.cancel()


async def _reply(reply: Reply, question: Question) -> tuple[bytes, bytes]:
    try:
        return _DONE, await reply(question)
    except (StorageError, RoomClosed) as fault:
        mark = next((mark for mark, kind in _FAULTS.items() if type(fault) is kind), b"r")
        return mark, str(fault).encode()


async def _read_question(wire: Wire) -> Question:
    data = bytearray()
    while (
        not data.endswith(_END) and len(data) <= limits.MAX_QUESTION_BYTES and (chunk := await wire.receive())
    ):
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
