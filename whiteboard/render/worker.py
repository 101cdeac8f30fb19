"""The process that draws: frames in at standard input, pictures out at standard output. `python -m whiteboard.render.worker`.

Its argument is an `Outfit`. It runs Trio for the deadlines of leases, and does one thing at a time: drawing holds it up, which hurts nobody here. The
server kills it when it takes too long. It gives way to the server's own work, takes no more memory than it may, and ends with
its input.
"""

import os
import resource
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import trio

from whiteboard import limits, relations
from whiteboard.diagnostics import logs
from whiteboard.render.asked import Asset, NotDrawn, NotInstalled, Picture, TooLarge
from whiteboard.render.easel import Begun, Easel, has_pixels, load_brush
from whiteboard.render.pool import PoolExhausted
from whiteboard.render.wire import (
    PREFIX_BYTES,
    Answer,
    Draw,
    Drawn,
    Failed,
    Give,
    Outfit,
    Wanted,
    decode_ask,
    frame_of,
    lengths,
)

if TYPE_CHECKING:
    from whiteboard.render.brush import Brush

log = logs.get_logger()

_NICE: Final = 5
_REASONS: Final = {NotInstalled: "not_installed", TooLarge: "too_large"}


def main() -> None:
    """Draw until the input ends."""
    outfit = msgspec.json.decode(sys.argv[1], type=Outfit)
    logs.configure(outfit.form, outfit.level)
    relations.put_in_force(outfit.durations)
    _give_way()
    source, sink = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # what a library prints must not get between frames
    trio.run(_serve, source, sink, _load_brush())


def _load_brush() -> "Brush | None":
    """What draws pixels; None where it is not installed.

    Fontconfig, whose copy in the wheel is older than the files of many machines, complains to standard error, which is the
    server's log: once at the start, and of nothing that matters.
    """
    if not has_pixels():
        return None
    heard, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        return load_brush()
    except NotInstalled:
        return None  # said again to whoever asks for pixels
    finally:
        os.dup2(heard, 2)
        os.close(heard)
        os.close(nowhere)


def _give_way() -> None:
    """Be no trouble to the server: fewer turns of the processor, and a bound on memory."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_DATA, (limits.RENDER_MEMORY_BYTES, limits.RENDER_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


async def _serve(source: int, sink: int, brush: "Brush | None") -> None:
    desk = Desk(Easel(brush))
    async with trio.lowlevel.FdStream(source) as asked, trio.lowlevel.FdStream(sink) as told:
        while (frame := await _next_frame(asked)) is not None:
            answer, body = desk.answer(*frame)
            for piece in frame_of(answer, body):
                await told.send_all(piece)


async def _next_frame(asked: trio.abc.ReceiveStream) -> tuple[bytes, bytes] | None:
    """Head and body; None when the input has ended."""
    prefix = await _exactly(asked, PREFIX_BYTES)
    if prefix is None:
        return None
    head_length, body_length = lengths(prefix)
    head, body = await _exactly(asked, head_length), await _exactly(asked, body_length)
    return None if head is None or body is None else (head, body)


async def _exactly(asked: trio.abc.ReceiveStream, length: int) -> bytes | None:
    pieces = bytearray()
    while len(pieces) < length:
        piece = await asked.receive_some(length - len(pieces))
        if not piece:
            return None
        pieces += piece
    return bytes(pieces)


class Desk:
    """Answers frames, one after the other."""

    def __init__(self, easel: Easel) -> None:
        self._easel = easel
        self._begun: Begun | None = None

    def answer(self, head: bytes, body: bytes) -> tuple[Answer, bytes]:
        """What to say to a frame. Never raises for what is in a board."""
        try:
            picture = self._draw(head, body)
        except (NotInstalled, TooLarge, NotDrawn, PoolExhausted) as error:
            self._leave()
            return self._failed(_REASONS.get(type(error), "not_drawn"), str(error)), b""
        except MemoryError:
            self._leave()
            self._easel.drop()
            return self._failed("not_drawn", "The board takes more memory to draw than there may be."), b""
        except Exception:
            log.exception("drawing_failed")
            self._leave()
            self._easel.drop()  # who knows what state it is in
            return self._failed("fault", "What draws has failed on this board."), b""
        if isinstance(picture, Wanted):
            return picture, b""
        return Drawn(picture.seq, picture.is_whole, self._easel.statistics()), picture.body

    def _draw(self, head: bytes, body: bytes) -> Picture | Wanted:
        asked = decode_ask(head)
        assets: Mapping[str, Asset] = {}
        if isinstance(asked, Draw):
            self._leave()
            self._begun = self._easel.begin(asked.wish, body)
            if self._begun.wanted:
                return Wanted(sorted(self._begun.wanted))
        else:
            assets = dict(_assets(asked, body))
        begun, self._begun = self._begun, None
        if begun is None:
            raise NotDrawn("pictures were given for nothing")
        return self._easel.finish(begun, assets)

    def _leave(self) -> None:
        """Close what was begun, if nobody goes on with it."""
        if self._begun is not None and self._begun.canvas is not None:
            self._begun.canvas.close()
        self._begun = None

    def _failed(self, why: str, reason: str) -> Failed:
        return Failed(why, reason, self._easel.statistics())


def _assets(given: Give, body: bytes) -> Iterable[tuple[str, Asset]]:
    at = 0
    for name, media_type, length in given.assets:
        yield name, Asset(media_type, body[at : at + length])
        at += length


if __name__ == "__main__":
    main()
