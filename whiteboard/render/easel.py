"""What draws pictures, in its own process: it takes a board's view and gives a picture, and keeps canvases between two.

`begin` says which pictures of the board are wanted, `finish` draws. SVG is written anew each time; an export in pixels has a
canvas of its own that is closed behind it; a thumbnail's canvas is kept for the next stroke on its board.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec

from whiteboard import limits
from whiteboard.core.scene.drawing import Measured, draw, measure
from whiteboard.core.scene.framing import Frame, export_frame, largest_scale, thumbnail_frame
from whiteboard.core.scene.geometry import Box, around
from whiteboard.core.scene.letters import Estimate
from whiteboard.core.scene.shown import BoardView, decode_view, read_shown
from whiteboard.errors import how_to_add
from whiteboard.render.asked import EXTRA, Asset, Kind, NotDrawn, NotInstalled, Picture, TooLarge, Wish
from whiteboard.render.leases import LeaseBook
from whiteboard.render.pool import BufferPool
from whiteboard.render.svg import write_svg
from whiteboard.render.tiles import LARGE_TILE_PX, TILE_PX

if TYPE_CHECKING:
    from whiteboard.render.brush import Brush
    from whiteboard.render.canvas import Canvas


def has_pixels() -> bool:
    """Whether the extra is installed."""
    return find_spec("skia") is not None


def load_brush() -> "Brush":
    """What draws pixels. Raises NotInstalled."""
    try:
        from whiteboard.render.brush import Brush  # noqa: PLC0415 - the extra
    except ImportError as error:
        how = f"{how_to_add(EXTRA)}, and on Debian apt install libegl1 libgl1"
        raise NotInstalled(f"Pixels take the extra that draws them ({how}): {error}.") from error
    return Brush()


@dataclass(frozen=True, slots=True)
class Begun:
    """A picture that is waiting for those on the board."""

    wish: Wish
    view: BoardView
    wanted: frozenset[str]
    canvas: "Canvas | None" = None
    drawn: Sequence[Measured] = ()


class Easel:
    """Canvases by what was asked for, the latest last."""

    def __init__(self, brush: "Brush | None" = None, pool: BufferPool | None = None) -> None:
        """Args: what draws pixels, which is loaded when it is needed; and where buffers come from."""
        self.pool = pool or BufferPool()
        self.book = LeaseBook()
        self._kept: OrderedDict[Wish, Canvas] = OrderedDict()
        self._brush = brush
        self._letters = Estimate()

    def begin(self, wish: Wish, view: bytes) -> Begun:
        """Look at a board. Raises NotInstalled, TooLarge, NotDrawn for what is no view of a board."""
        try:
            read = decode_view(view)
            if wish.kind is Kind.SVG:
                return self._begin_text(wish, read)
            return self._begin_pixels(wish, read)
        except msgspec.MsgspecError as error:
            raise NotDrawn(f"board {wish.board} cannot be read: {error}") from error

    def finish(self, begun: Begun, assets: Mapping[str, Asset]) -> Picture:
        """Draw it, with the pictures that are there. Raises TooLarge."""
        if begun.canvas is None:
            body = self._text(begun, assets)
            return Picture(body, begun.view.seq, is_whole=begun.wanted <= assets.keys())
        canvas = begun.canvas
        try:
            with self.book.lease(canvas) as lease:
                lease.thing.paint(assets)
                body, is_whole = lease.thing.png(), lease.thing.is_whole
        finally:
            self._keep(begun)
        return Picture(body, begun.view.seq, is_whole=is_whole)

    def drop(self) -> int:
        """Give away all memory that is kept for later; about how many bytes."""
        freed = sum(canvas.drop() for canvas in self._kept.values())
        for canvas in self._kept.values():
            canvas.close()
        self._kept.clear()
        self.pool.drop()
        return freed

    def statistics(self) -> dict[str, Any]:
        """Plain numbers: of the pool, of the leases, and of the canvases that are kept."""
        kept = {"count": len(self._kept), "bytes": self._kept_bytes()}
        return {
            "pool": asdict(self.pool.statistics()),
            "leases": asdict(self.book.statistics()),
            "canvases": kept,
        }

    # --- text ---------------------------------------------------------------------------------

    def _begin_text(self, wish: Wish, view: BoardView) -> Begun:
        drawn = [found for one in view.elements if (found := measure(read_shown(one), self._letters))]
        wanted = frozenset(one.element.asset for one in drawn if one.element.type == "image")
        return Begun(wish, view, wanted, drawn=drawn)

    def _text(self, begun: Begun, assets: Mapping[str, Asset]) -> bytes:
        frame = export_frame(around(one.box for one in begun.drawn), 1.0)
        return write_svg((draw(one, self._letters, 1.0) for one in begun.drawn), frame, assets)

    # --- pixels -------------------------------------------------------------------------------

    def _begin_pixels(self, wish: Wish, view: BoardView) -> Begun:
        canvas = self._canvas(wish)
        try:
            with self.book.lease(canvas) as lease:
                wanted = lease.thing.look(view.elements, lambda drawn: _frame(wish, drawn))
        except Exception:
            canvas.close()
            raise
        return Begun(wish, view, frozenset(wanted), canvas=canvas)

    def _canvas(self, wish: Wish) -> "Canvas":
        """The canvas that was kept for it, or a new one; it is not among the kept ones until it is finished."""
        kept = self._kept.pop(wish, None)
        if kept is not None:
            return kept
        self._brush = self._brush or load_brush()
        from whiteboard.render.canvas import Canvas  # noqa: PLC0415 - the extra

        side = TILE_PX if wish.kind is Kind.THUMBNAIL else LARGE_TILE_PX
        return Canvas(f"canvas of {wish.board}", self.pool, self._brush, side)

    def _keep(self, begun: Begun) -> None:
        """Keep a thumbnail's canvas, and no more than may be kept."""
        assert begun.canvas is not None
        if begun.wish.kind is not Kind.THUMBNAIL:
            begun.canvas.close()
            return
        self._kept[begun.wish] = begun.canvas
        while len(self._kept) > limits.MAX_KEPT_CANVASES or self._kept_bytes() > limits.MAX_KEPT_CANVAS_BYTES:
            _, oldest = self._kept.popitem(last=False)
            oldest.close()

    def _kept_bytes(self) -> int:
        return sum(canvas.kept_bytes for canvas in self._kept.values())


def _frame(wish: Wish, drawn: Box | None) -> Frame:
    """What a picture shows. Raises TooLarge."""
    if wish.kind is Kind.THUMBNAIL:
        return thumbnail_frame(drawn, wish.size, wish.size * 3 // 4)
    most = largest_scale(drawn, limits.MAX_PICTURE_PIXELS, limits.MAX_PICTURE_SIDE)
    frame = export_frame(drawn, min(1.0, most) if wish.scale is None else wish.scale)
    if frame.pixels > limits.MAX_PICTURE_PIXELS or max(frame[:2]) > limits.MAX_PICTURE_SIDE:
        scale = f"{most:.8f}".rstrip("0").rstrip(".")
        raise TooLarge(
            f"A picture has at most {limits.MAX_PICTURE_PIXELS} pixels and {limits.MAX_PICTURE_SIDE} on a side, "
            f"not {frame.width} x {frame.height}; ask for scale={scale}."
        )
    return frame
