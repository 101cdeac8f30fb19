"""Rendering as a screen wants it: sixty times a second one stroke is three points longer, on a kept canvas."""

from array import array
from importlib import import_module
from time import perf_counter
from typing import Any, Final

import msgspec
import trio

WIDTH: Final = 1_280
HEIGHT: Final = 720
FRAME_SECONDS: Final = 1 / 60
STROKES_BEFORE: Final = 1_000
"""On the canvas when it begins."""
FRAMES_OF_A_STROKE: Final = 30
KEPT_STROKES: Final = 64
"""New strokes by name; later ones take the place of earlier ones, so that the canvas stays as large as it is."""


class Screen:
    """A canvas and how its frames went."""

    def __init__(self) -> None:
        """Raises SystemExit without the extra."""
        try:
            brush, canvas, leases, pool = (
                import_module(f"whiteboard.render.{name}") for name in ("brush", "canvas", "leases", "pool")
            )
        except ImportError as error:
            raise SystemExit(f"benchmarks.governor draws: pip install '.[render]' ({error})") from error
        framing = import_module("whiteboard.core.scene.framing")
        self.pool = pool.BufferPool()
        self._book = leases.LeaseBook()
        self._canvas: Any = canvas.Canvas("screen", self.pool, brush.Brush())
        self._frame = framing.Frame(WIDTH, HEIGHT, 0.0, 0.0, 1.0)
        self.painted_ms = array("d")
        """How long each frame took to paint."""
        self.late_ms = array("d")
        """How long after its moment each frame was there."""
        self.skipped = 0
        """Frames whose moment had passed before the one before was there."""

    def begin(self) -> None:
        """Paint the board as it is at first."""
        with self._book.lease(self._canvas) as lease:
            strokes = [_stroke(f"b{number}", number * 37, 12) for number in range(STROKES_BEFORE)]
            lease.thing.look(strokes, lambda _: self._frame)
            lease.thing.paint()

    async def run(self) -> None:
        """Paint for ever."""
        due, number = trio.current_time(), 0
        while True:
            due += FRAME_SECONDS
            await trio.sleep_until(due)
            began = perf_counter()
            self._paint(number)
            number += 1
            self.painted_ms.append((perf_counter() - began) * 1_000)
            behind = trio.current_time() - due
            self.late_ms.append(behind * 1_000)
            while behind > FRAME_SECONDS:
                due, behind = due + FRAME_SECONDS, behind - FRAME_SECONDS
                self.skipped += 1

    def _paint(self, number: int) -> None:
        stroke, part = divmod(number, FRAMES_OF_A_STROKE)
        name = f"s{stroke % KEPT_STROKES}"
        with self._book.lease(self._canvas) as lease:
            lease.thing.put(_stroke(name, stroke * 53, 3 * (part + 1)))
            lease.thing.paint()

    def forget(self) -> None:
        """Measure anew."""
        self.painted_ms, self.late_ms, self.skipped = array("d"), array("d"), 0


def _stroke(name: str, seed: int, points: int) -> bytes:
    """The visible form of a stroke."""
    x, y = seed * 61 % (WIDTH - 150), seed * 97 % (HEIGHT - 100)
    return msgspec.json.encode(
        {
            "id": name,
            "type": "stroke",
            "points": [[x + 4 * n, y + (n * n) % 60] for n in range(points)],
            "color": f"#{seed % 4096:03x}",
            "width": 3,
        }
    )
