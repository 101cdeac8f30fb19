"""A board's picture that is kept, so that one more stroke costs one more stroke.

A canvas knows what it has drawn: `look` compares a board with that and says which pictures it takes to go on, `paint` paints
the squares (`tiles`) that are out of date, into the one buffer that the canvas has. `put` is for who knows what changed.

It is held by leases (`leases`) and lives as `states` says. Whoever draws must hold it; a closed one lets in nobody more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import msgspec

from whiteboard.core.scene.drawing import Measured, draw, measure
from whiteboard.core.scene.framing import Frame
from whiteboard.core.scene.geometry import Box, around
from whiteboard.core.scene.shown import id_of, read_shown
from whiteboard.errors import WhiteboardError
from whiteboard.ids import ElementId
from whiteboard.render.asked import Asset
from whiteboard.render.brush import Brush, Compiled, Surface
from whiteboard.render.leases import Lease
from whiteboard.render.pool import Buffer, BufferPool
from whiteboard.render.states import HELD, TRANSITIONS, WITH_BUFFER, Event, State
from whiteboard.render.tiles import TILE_PX, Tiles

FrameOf = Callable[[Box | None], Frame]
"""Which part of the board is shown, by what is drawn on it."""


class CanvasClosed(WhiteboardError):
    """The canvas is closed, or about to be: it lets in nobody more."""


class NotHeld(WhiteboardError):
    """Somebody draws on a canvas that nobody holds."""


@dataclass(frozen=True, slots=True)
class CanvasStatistics:
    """What a canvas did."""

    squares: int
    """Squares that were painted."""
    drawings: int
    """Elements that were painted, each as often as there were squares of it."""
    wholes: int
    """Times that all of it was painted."""


class _Item:
    """One element as the canvas has it."""

    __slots__ = ("box", "compiled", "mark", "measured", "rank")

    def __init__(self, mark: int, measured: Measured | None, rank: int) -> None:
        self.mark = mark
        """Of its visible form: another one looks otherwise."""
        self.measured = measured
        """Until it is compiled; None too for what shows nothing."""
        self.compiled: Compiled | None = None
        self.box = None if measured is None else measured.box
        self.rank = rank


class Canvas:
    """One board in one frame."""

    def __init__(self, name: str, pool: BufferPool, brush: Brush, tile_px: int = TILE_PX) -> None:
        """Args: what a finding calls it, and the side of its squares in pixels."""
        self.name = name
        self._tile_px = tile_px
        self.state = State.EMPTY
        self._pool = pool
        self._brush = brush
        self._leases: WeakSet[Lease[Any]] = WeakSet()
        self._buffer: Buffer | None = None
        self._surface: Surface | None = None
        self._tiles: Tiles | None = None
        self._items: dict[ElementId, _Item] = {}
        self._fresh: dict[ElementId, _Item] = {}
        # those of them that are not compiled yet
        self._drawn_bytes: int | None = 0
        # what compiled ones take, once somebody has asked
        self._squares = self._drawings = self._wholes = 0

    # --- life ---------------------------------------------------------------------------------

    @property
    def references(self) -> int:
        """Leases of it that somebody still has."""
        return sum(1 for lease in self._leases if not lease.is_over)

    def admit(self, lease: Lease[Any]) -> None:
        """Somebody wants to hold it. Raises CanvasClosed."""
        if (self.state, Event.LEASE) not in TRANSITIONS:
            raise CanvasClosed(f"{self.name} is {self.state} and lets in nobody more")
        self._leases.add(lease)
        self._step(Event.LEASE)

    def release(self) -> None:
        """A lease of it is over."""
        self._step(Event.RELEASE if self.references else Event.LAST_RELEASE)

    def close(self) -> None:
        """It is not needed any more: nobody more may hold it, and when nobody does its buffer goes back."""
        self._step(Event.CLOSE)

    def drop(self) -> int:
        """Give its memory away, unless somebody holds it; about how many bytes. It draws all anew when it is held again."""
        freed = self.kept_bytes
        self._step(Event.DROP)
        return freed - self.kept_bytes

    def _step(self, event: Event) -> None:
        before, self.state = self.state, TRANSITIONS[self.state, event]
        if before in WITH_BUFFER and self.state not in WITH_BUFFER:
            self._forget()

    def _forget(self) -> None:
        """Give back the buffer and forget what was drawn in it."""
        self._take_down()
        self._items, self._fresh, self._tiles, self._drawn_bytes = {}, {}, None, 0

    def _take_down(self) -> None:
        if self._surface is not None:
            self._surface.close()
            self._surface = None
        if self._buffer is not None:
            self._pool.give_back(self._buffer)
            self._buffer = None

    @property
    def kept_bytes(self) -> int:
        """About what it keeps in memory: the buffer, and what it draws with."""
        if self._drawn_bytes is None:
            compiled = [item.compiled for item in self._items.values()]
            self._drawn_bytes = sum(one.size_bytes for one in compiled if one is not None)
        return self._drawn_bytes + (0 if self._buffer is None else self._buffer.size_bytes)

    @property
    def is_whole(self) -> bool:
        """Whether no picture on it was missing that may yet come."""
        return all(item.compiled.is_whole for item in self._items.values() if item.compiled)

    def statistics(self) -> CanvasStatistics:
        """What it has painted so far."""
        return CanvasStatistics(self._squares, self._drawings, self._wholes)

    # --- drawing ------------------------------------------------------------------------------

    def look(self, elements: Sequence[msgspec.Raw | bytes], frame_of: FrameOf) -> set[str]:
        """Take over a board, its visible elements from bottom to top; the pictures that are wanted for `paint`.

        Raises NotHeld, msgspec.MsgspecError for what is no element.
        """
        self._require_held()
        items = self._to_be(elements)
        frame = frame_of(around(box for _, item in items if (box := item.box)))
        if self._tiles is None or frame != self._tiles.frame:
            if self._tiles is not None and frame.zoom != self._tiles.frame.zoom:
                items = self._to_be(elements, anew=True)
            self._begin(frame, items)
        else:
            self._compare(items)
        self._fresh = {name: item for name, item in self._items.items() if item.measured is not None}
        shown = [item.measured.element for item in self._fresh.values() if item.measured is not None]
        return {element.asset for element in shown if element.type == "image"}

    def put(self, element: msgspec.Raw | bytes) -> None:
        """One element is new, and above all others, or looks otherwise. Raises NotHeld, as `look`."""
        self._require_begun()
        name, mark = id_of(element), hash(bytes(element))
        before = self._items.get(name)
        rank = len(self._items) if before is None else before.rank
        item = self._fresh[name] = _Item(mark, measure(read_shown(element), self._brush.fonts), rank)
        self._replace(name, before, item, is_top=before is None)
        self._items[name] = item

    def paint(self, assets: Mapping[str, Asset] | None = None) -> int:
        """Bring the pixels up to date; how many squares were painted. Raises NotHeld, PoolExhausted for the first time.

        Always square by square, also when all are to be painted: Skia rounds the edges of what is cut off otherwise, and the
        pixels are to be a function of the board, whatever was painted before.
        """
        tiles, surface = self._require_begun(), self._surface or self._set_up()
        self._compile({} if assets is None else assets, tiles.frame.zoom)
        self._wholes += len(tiles.stale) == len(tiles)
        for tile in tiles.stale:
            surface.clear(tiles.square(tile))
            surface.paint(tiles.square(tile), self._compiled(tiles.members(tile)))
        topped = tiles.topped.keys() - tiles.stale
        for tile in topped:
            surface.paint(tiles.square(tile), self._compiled(tiles.topped[tile]))
        count = len(tiles.stale) + len(topped)
        tiles.settle()
        self._squares += count
        return count

    def _compile(self, assets: Mapping[str, Asset], zoom: float) -> None:
        """Make what is new ready for painting."""
        self._drawn_bytes = None
        for item in self._fresh.values():
            if item.measured is not None:
                drawing = draw(item.measured, self._brush.fonts, zoom)
                item.compiled = self._brush.compile(drawing, assets, zoom)
                item.measured = None
        self._fresh = {}

    def spoil(self) -> None:
        """Let the next `paint` paint all of it. Raises NotHeld."""
        self._require_begun().spoil()

    def png(self) -> bytes:
        """What is painted. Raises NotHeld."""
        self._require_begun()
        return (self._surface or self._set_up()).png()

    def _compiled(self, elements: Iterable[ElementId]) -> list[Compiled]:
        """Elements as they are painted, the lowest first."""
        items = sorted((self._items[one] for one in elements), key=lambda item: item.rank)
        found = [item.compiled for item in items if item.compiled is not None]
        self._drawings += len(found)
        return found

    def _set_up(self) -> Surface:
        assert self._tiles is not None
        frame = self._tiles.frame
        self._buffer = self._pool.take(Surface.size_bytes(frame))
        self._surface = Surface(self._buffer, frame)
        self._tiles.spoil()
        return self._surface

    # --- what changed -------------------------------------------------------------------------

    def _to_be(
        self, elements: Sequence[msgspec.Raw | bytes], *, anew: bool = False
    ) -> list[tuple[ElementId, _Item]]:
        """The elements as they are to be: the items that we have where they look the same, else new ones."""
        found: list[tuple[ElementId, _Item]] = []
        for rank, element in enumerate(elements):
            name, mark = id_of(element), hash(bytes(element))
            item = None if anew else self._items.get(name)
            if (
                item is None
                or item.mark != mark
                or (item.compiled is not None and not item.compiled.is_whole)
            ):
                item = _Item(mark, measure(read_shown(element), self._brush.fonts), rank)
            found.append((name, item))
        return found

    def _begin(self, frame: Frame, items: Sequence[tuple[ElementId, _Item]]) -> None:
        """Draw all anew, in another frame."""
        if self._tiles is not None and frame.pixels != self._tiles.frame.pixels:
            self._take_down()
        elif self._surface is not None and self._buffer is not None:
            self._surface.close()
            self._surface = Surface(self._buffer, frame)
        tiles = self._tiles = Tiles(frame, self._tile_px)
        self._items = dict(items)
        for rank, (name, item) in enumerate(items):
            item.rank = rank
            if item.box is not None:
                tiles.place(name, item.box)
        tiles.spoil()

    def _compare(self, items: Sequence[tuple[ElementId, _Item]]) -> None:
        """Find out what has to be painted to come from what we have to what is to be."""
        tiles = self._require_begun()
        before, self._items = self._items, dict(items)
        for name, item in before.items():
            if name not in self._items and item.box is not None:
                tiles.lift(name, item.box)
        top = self._lowest_new_top(before, items)
        self._restack(before, items)
        for rank, (name, item) in enumerate(items):
            item.rank = rank
            if before.get(name) is not item:
                self._replace(name, before.get(name), item, is_top=rank >= top)

    def _replace(self, name: ElementId, old: _Item | None, new: _Item, *, is_top: bool) -> None:
        tiles = self._require_begun()
        if old is not None and old.box is not None:
            tiles.lift(name, old.box)
        if new.box is not None:
            (tiles.top if is_top and old is None else tiles.place)(name, new.box)

    @staticmethod
    def _lowest_new_top(before: Mapping[ElementId, _Item], items: Sequence[tuple[ElementId, _Item]]) -> int:
        """From which rank on there are new elements only."""
        rank = len(items)
        while rank and items[rank - 1][0] not in before:
            rank -= 1
        return rank

    def _restack(self, before: Mapping[ElementId, _Item], items: Sequence[tuple[ElementId, _Item]]) -> None:
        """Where elements that stay lie in another order, paint them again."""
        tiles = self._require_begun()
        was = [name for name in before if name in self._items]
        now = [name for name, _ in items if name in before]
        for one, other in zip(was, now, strict=True):
            if one != other:
                for name in (one, other):
                    box = self._items[name].box
                    if box is not None:
                        tiles.place(name, box)

    def _require_held(self) -> None:
        if self.state not in HELD:
            raise NotHeld(f"{self.name} is {self.state}; a lease has to be held to draw on it")

    def _require_begun(self) -> Tiles:
        self._require_held()
        if self._tiles is None:
            raise NotHeld(f"{self.name} has not seen its board yet")
        return self._tiles
