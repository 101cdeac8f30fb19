"""Drawings to pixels, with Skia. The only module that knows it, and there only with the extra `render`.

What is drawn again and again is compiled once: Skia's own paths and paints. Skia holds the interpreter's lock while it
draws, so this runs in a process of its own (`worker`), and in tests and benchmarks.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import groupby
from math import ceil, degrees
from typing import Any, Final

import skia

from whiteboard import limits
from whiteboard.core.scene.colors import PAPER, Color
from whiteboard.core.scene.drawing import Command, Drawing, Fill, Photo, Trail, Words
from whiteboard.core.scene.framing import Frame
from whiteboard.core.scene.letters import FAMILIES
from whiteboard.core.scene.outlines import Path
from whiteboard.render.asked import Asset
from whiteboard.render.pool import Buffer

Stroke = Callable[[Any], None]
"""Draws something on Skia's canvas."""

PIXEL_BYTES: Final = 4
_PNG_QUALITY: Final = 100
_GENERIC: Final = {"system-ui": "sans-serif"}
"""What a browser means by it on Linux, where Fontconfig has no such name."""
_SMOOTH: Final = skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kLinear)
_PATH_BYTES: Final = 300
"""About what a compiled command takes besides its points."""


class Fonts:
    """The machine's fonts, as `Letters`: the page's first choice that is there, others for what it does not have."""

    def __init__(self) -> None:
        self._all = skia.FontMgr.RefDefault()
        self._faces: dict[int, Any] = {}
        # by Skia's number: as many as the machine has
        first = self._find(FAMILIES) or self._all.legacyMakeTypeface("", skia.FontStyle.Normal())
        self._first = self._known(first)
        self._face_of = lru_cache(maxsize=4096)(self._search)
        self._font = lru_cache(maxsize=256)(self._make)

    def width(self, text: str, size: float) -> float:
        return float(sum(font.measureText(run) for font, run in self.runs(text, size)))

    def rise(self, size: float) -> float:
        return float(-self._font(self._first, size).getMetrics().fAscent)

    def fall(self, size: float) -> float:
        return float(self._font(self._first, size).getMetrics().fDescent)

    def runs(self, text: str, size: float) -> Iterable[tuple[Any, str]]:
        """The text in pieces, each with the font that has its letters."""
        for face, run in groupby(text, self._face_of):
            yield self._font(face, size), "".join(run)

    def _find(self, names: Iterable[str]) -> Any | None:
        style = skia.FontStyle.Normal()
        found = (self._all.matchFamilyStyle(_GENERIC.get(name, name), style) for name in names)
        return next((face for face in found if face is not None), None)

    def _known(self, face: Any) -> int:
        number = int(face.uniqueID())
        self._faces.setdefault(number, face)
        return number

    def _search(self, character: str) -> int:
        """The number of a face that has the character, or of the first."""
        code = ord(character)
        if self._faces[self._first].unicharToGlyph(code):
            return self._first
        found = self._all.matchFamilyStyleCharacter("", skia.FontStyle.Normal(), ["zh", "en"], code)
        return self._first if found is None else self._known(found)

    def _make(self, face: int, size: float) -> Any:
        font = skia.Font(self._faces[face], size)
        font.setSubpixel(True)
        font.setLinearMetrics(True)
        font.setHinting(skia.FontHinting.kNone)
        return font


class Compiled:
    """A drawing as Skia has it."""

    __slots__ = ("_strokes", "_turn", "is_whole", "size_bytes")

    def __init__(self, drawing: Drawing, brush: "Brush", assets: Mapping[str, Asset], zoom: float) -> None:
        self._turn = drawing.turn
        self.is_whole = True
        """Whether no picture in it was missing that may yet come."""
        self.size_bytes = 0
        """About what it takes."""
        self._strokes: list[Stroke] = []
        for command in drawing.commands:
            self._add(command, brush, assets, zoom)

    def paint(self, canvas: Any) -> None:
        """Draw it, in board units."""
        if self._turn is None:
            for stroke in self._strokes:
                stroke(canvas)
            return
        canvas.save()
        canvas.rotate(degrees(self._turn.angle), self._turn.x, self._turn.y)
        for stroke in self._strokes:
            stroke(canvas)
        canvas.restore()

    def _add(self, command: Command, brush: "Brush", assets: Mapping[str, Asset], zoom: float) -> None:
        match command:
            case Fill(path, color):
                self._path(path, _filling(color))
            case Trail(path, color, width, dashes):
                self._path(path, _trailing(color, width, dashes))
            case Words(text, x, y, size, color):
                self._words(brush.fonts.runs(text, size), x, y, color)
            case Photo():
                image = brush.image(assets.get(command.asset), command, zoom)
                if image is not None:
                    self._image(image, command)
                    return
                self.is_whole &= command.asset in assets
                for one in command.instead:
                    self._add(one, brush, assets, zoom)

    def _path(self, path: Path, paint: Any) -> None:
        shape = _shape(path)
        self.size_bytes += shape.approximateBytesUsed() + _PATH_BYTES
        self._strokes.append(lambda canvas: canvas.drawPath(shape, paint))

    def _words(self, runs: Iterable[tuple[Any, str]], x: float, y: float, color: Color) -> None:
        paint = _filling(color)
        for font, run in runs:
            self._strokes.append(_writing(run, x, y, font, paint))
            self.size_bytes += _PATH_BYTES
            x += font.measureText(run)

    def _image(self, image: Any, photo: Photo) -> None:
        box = skia.Rect.MakeLTRB(*photo.box)
        paint = skia.Paint(AntiAlias=True, Alphaf=photo.opacity)
        self.size_bytes += image.width() * image.height() * PIXEL_BYTES
        self._strokes.append(lambda canvas: canvas.drawImageRect(image, box, _SMOOTH, paint))


def _writing(run: str, x: float, y: float, font: Any, paint: Any) -> Stroke:
    return lambda canvas: canvas.drawString(run, x, y, font, paint)


def _filling(color: Color) -> Any:
    return skia.Paint(AntiAlias=True, Color=_argb(color), Style=skia.Paint.kFill_Style)


def _trailing(color: Color, width: float, dashes: tuple[float, ...]) -> Any:
    paint = skia.Paint(
        AntiAlias=True,
        Color=_argb(color),
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap,
        StrokeJoin=skia.Paint.kRound_Join,
    )
    if dashes:
        paint.setStrokeCap(skia.Paint.kButt_Cap)
        paint.setPathEffect(skia.DashPathEffect.Make(list(dashes), 0.0))
    return paint


def _argb(color: Color) -> int:
    return int(skia.ColorSetARGB(round(color.alpha * 255), color.red, color.green, color.blue))


def _shape(path: Path) -> Any:
    shape = skia.Path()
    add = {
        "M": shape.moveTo,
        "L": shape.lineTo,
        "Q": shape.quadTo,
        "C": shape.cubicTo,
        "Z": shape.close,
    }
    for verb, *numbers in path:
        add[verb](*numbers)
    return shape


class Brush:
    """What drawings are compiled with."""

    def __init__(self) -> None:
        self.fonts = Fonts()

    def compile(self, drawing: Drawing, assets: Mapping[str, Asset], zoom: float) -> Compiled:
        """A drawing, to be painted at this zoom."""
        return Compiled(drawing, self, assets, zoom)

    def image(self, asset: Asset | None, photo: Photo, zoom: float) -> Any | None:
        """The picture, no larger than it is shown; None when there is none or its bytes cannot be read."""
        if asset is None or not asset.body:
            return None
        whole = skia.Image.MakeFromEncoded(skia.Data.MakeWithCopy(asset.body))
        if whole is None or whole.width() * whole.height() > limits.MAX_ASSET_PIXELS:
            return None
        share = min(
            1.0,
            max(ceil(photo.box.width * zoom) / whole.width(), ceil(photo.box.height * zoom) / whole.height()),
        )
        size = max(1, ceil(whole.width() * share)), max(1, ceil(whole.height() * share))
        return whole.resize(*size, _SMOOTH, skia.Image.CachingHint.kDisallow_CachingHint)


class Surface:
    """A buffer as something to paint on."""

    def __init__(self, buffer: Buffer, frame: Frame) -> None:
        self.frame = frame
        self._info = skia.ImageInfo.MakeN32Premul(frame.width, frame.height)
        self._row_bytes = frame.width * PIXEL_BYTES
        self._view = buffer.view
        self._surface = skia.Surface.MakeRasterDirect(self._info, self._view, self._row_bytes)
        self._canvas = self._surface.getCanvas()

    @staticmethod
    def size_bytes(frame: Frame) -> int:
        """Of the buffer for a frame."""
        return frame.pixels * PIXEL_BYTES

    def clear(self, square: tuple[int, int, int, int]) -> None:
        """Make a square of pixels (left, top, right, bottom) paper."""
        self._inside(square, lambda canvas: canvas.clear(_argb(PAPER)))

    def paint(self, square: tuple[int, int, int, int], drawings: Iterable[Compiled]) -> None:
        """Draw, the lowest first, within a square of pixels."""

        def painting(canvas: Any) -> None:
            frame = self.frame
            canvas.scale(frame.zoom, frame.zoom)
            canvas.translate(-frame.left, -frame.top)
            for drawing in drawings:
                drawing.paint(canvas)

        self._inside(square, painting)

    def _inside(self, square: tuple[int, int, int, int], painting: Stroke) -> None:
        canvas = self._canvas
        canvas.save()
        canvas.clipRect(skia.Rect.MakeLTRB(*square), skia.ClipOp.kIntersect, False)
        painting(canvas)
        canvas.restore()

    def png(self) -> bytes:
        """What is painted, as a PNG."""
        pixels = skia.Data.MakeWithoutCopy(self._view)
        image = skia.Image.MakeRasterData(self._info, pixels, self._row_bytes)
        return bytes(image.encodeToData(skia.EncodedImageFormat.kPNG, _PNG_QUALITY))

    def close(self) -> None:
        """Let the buffer go; nothing may be painted any more."""
        del self._canvas, self._surface
        self._view.release()
