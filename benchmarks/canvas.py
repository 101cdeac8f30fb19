"""One more stroke on a kept canvas against drawing all anew, the thumbnail, and what the pool has to do for it.

    python -m benchmarks.canvas [--strokes 10000] [--quick]

In this process, as the one that draws does it; takes the extra `render`. Processor time, the median of many; the ratios are
what carries over to other machines. `draw_frames` is for benchmarks that want the load of it: so many frames a second.
"""

import argparse
import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import msgspec
import trio

from benchmarks.tables import table
from whiteboard.core.scene.framing import Frame, export_frame, thumbnail_frame
from whiteboard.core.scene.geometry import Box
from whiteboard.render.brush import Brush
from whiteboard.render.canvas import Canvas
from whiteboard.render.leases import LeaseBook
from whiteboard.render.pool import BufferPool

BOARD = Box(0, 0, 3840, 2160)
SCREEN = Frame(1920, 1080, 0.0, 0.0, 0.5)
WINDOW = Frame(1280, 720, 0.0, 0.0, 1 / 3)
THUMBNAIL = thumbnail_frame(BOARD, 320, 240)
MORE = 200
"""Strokes that come one by one."""
POINTS = 40
COLORS = ("#1e1e1e", "#e03131", "#2f9e44", "#1971c2", "#6741d9")


def stroke(number: int, chance: random.Random) -> bytes:
    """One of a hand's size, anywhere on the board."""
    x, y, turn = chance.uniform(0, 3600), chance.uniform(100, 2000), chance.uniform(0, 6.28)
    points = [
        (
            round(x + 4 * n, 2),
            round(y + 40 * math.sin(turn + n / 4), 2),
            round(0.5 + 0.3 * math.sin(n / 9), 2),
        )
        for n in range(POINTS)
    ]
    shown = {"id": f"s{number}", "type": "stroke", "by": "ada", "points": points}
    return msgspec.json.encode({**shown, "color": COLORS[number % len(COLORS)], "width": 4})


class Drawn:
    """A board of so many strokes on a canvas that is held."""

    def __init__(self, canvas: Canvas, frame: Frame, count: int) -> None:
        self.chance = random.Random(1)
        self.count = count
        self.canvas = canvas
        self.elements = [stroke(number, self.chance) for number in range(count)]
        self.look = timed(lambda: canvas.look(self.elements, lambda _: frame))
        self.first = timed(canvas.paint)

    def more(self) -> float:
        """Seconds for one stroke that nobody has seen yet."""
        element = stroke(self.count, self.chance)
        self.count += 1

        def draw() -> None:
            self.canvas.put(element)
            self.canvas.paint()

        return timed(draw)

    def anew(self) -> float:
        """Seconds for all of it, ready as it is to be painted."""
        self.canvas.spoil()
        return timed(self.canvas.paint)


@contextmanager
def drawn(frame: Frame, count: int, pool: BufferPool) -> Iterator[Drawn]:
    """A board in a frame, held while the block runs."""
    canvas = Canvas("canvas", pool, Brush())
    book = LeaseBook(lambda: 0.0)  # benchmarks may hold it for longer
    lease = book.take(canvas)
    try:
        yield Drawn(canvas, frame, count)
    finally:
        book.end(lease)
        canvas.close()


def timed(work: Callable[[], object]) -> float:
    """Processor seconds."""
    began = time.process_time()
    work()
    return time.process_time() - began


@dataclass
class Frames:
    """How drawing at a pace went."""

    count: int = 0
    late: int = 0
    """Frames that were not ready when the next one was due."""
    slowest_ms: float = 0.0
    cpu_ms: float = 0.0
    """Processor time of a frame, on average."""
    allocated: int = 0
    """Buffers that were made for them."""


async def draw_frames(
    seconds: float, *, per_second: int = 60, strokes: int = 1_000, frame: Frame = WINDOW
) -> Frames:
    """Draw a board again and again in this process while a stroke comes or changes in each frame; how that went.

    The board keeps its size: behind the last stroke the first one is drawn elsewhere. The loop runs between two frames.
    """
    pool, told = BufferPool(), Frames()
    with drawn(frame, strokes, pool) as board:
        before = pool.statistics().allocated
        began = trio.current_time()
        while told.count < seconds * per_second:
            at, spent = trio.current_time(), time.process_time()
            board.canvas.put(stroke(told.count % strokes, board.chance))
            board.canvas.paint()
            told.cpu_ms += 1000 * (time.process_time() - spent)
            told.count += 1
            due = began + told.count / per_second
            told.slowest_ms = max(told.slowest_ms, 1000 * (trio.current_time() - at))
            told.late += trio.current_time() > due
            await trio.sleep_until(due)
        told.cpu_ms /= max(1, told.count)
        told.allocated = pool.statistics().allocated - before
    return told


def measure(name: str, frame: Frame, count: int, pool: BufferPool) -> list[str]:
    """One line: a frame, and what each way of drawing costs in it."""
    with drawn(frame, count, pool) as board:
        before = pool.statistics().allocated
        more = median(board.more() for _ in range(MORE))
        allocated = pool.statistics().allocated - before
        anew = median(board.anew() for _ in range(5))
        again = median(timed(lambda: board.canvas.look(board.elements, lambda _: frame)) for _ in range(2))
        png = median(timed(board.canvas.png) for _ in range(3))
        first = board.look + board.first
    return [
        name,
        f"{count:,}",
        f"{1e6 * more:,.0f} µs",
        str(allocated),
        f"{1000 * anew:,.1f} ms",
        f"{anew / more:,.0f}",
        f"{1000 * first:,.0f} ms",
        f"{1000 * again:,.1f} ms",
        f"{1000 * png:,.1f} ms",
    ]


HEAD = (
    "picture",
    "strokes",
    "one more stroke",
    "buffers made for it",
    "all anew",
    "times as long",
    "from the board's view",
    "compare with a view",
    "as PNG",
)


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strokes", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="200 strokes, half a second of frames")
    arguments = parser.parse_args()
    count, seconds = (200, 0.5) if arguments.quick else (arguments.strokes, 10.0)
    pool = BufferPool()
    frames = {
        "thumbnail, 320 x 240": THUMBNAIL,
        "screen, 1920 x 1080": SCREEN,
        "export at scale 1": export_frame(BOARD, 1.0),
    }
    rows = [measure(name, frame, count, pool) for name, frame in frames.items()]
    rows += [
        measure(f"{name}, again", frame, count, pool) for name, frame in frames.items() if frame is THUMBNAIL
    ]
    print(table(HEAD, rows))
    told = pool.statistics()
    print(
        f"\npool: {told.hits} buffers were there, {told.misses} were made, {told.returned} came back, "
        f"{told.dropped} were let go; {told.in_use} in use, {told.idle} idle ({told.idle_bytes / 2**20:.1f} MiB)"
    )
    went = trio.run(lambda: draw_frames(seconds))
    print(
        f"60 frames a second of 1280 x 720 for {seconds:g} s, in each one of 1,000 strokes is drawn elsewhere: "
        f"{went.count} frames, {went.late} late, {went.cpu_ms:.1f} ms of the processor each, the slowest "
        f"{went.slowest_ms:.1f} ms, {went.allocated} buffers made"
    )


if __name__ == "__main__":
    main()
