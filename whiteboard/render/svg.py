"""Drawings as SVG text. Pure; needs no library.

Nothing of what people wrote gets into it as it came: texts are escaped, colours are numbers, pictures are base64.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from math import degrees
from typing import Final

from whiteboard import limits
from whiteboard.core.scene.colors import PAPER, Color
from whiteboard.core.scene.drawing import Command, Drawing, Fill, Photo, Trail, Words
from whiteboard.core.scene.framing import Frame
from whiteboard.core.scene.letters import FAMILIES
from whiteboard.core.scene.outlines import Path
from whiteboard.render.asked import Asset, TooLarge

_FONT: Final = ",".join(f"'{name}'" if " " in name else name for name in FAMILIES)
_UNSPEAKABLE: Final = (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
"""What XML 1.0 has no way to write (section 2.2)."""
_ESCAPES: Final = {
    **dict.fromkeys(_UNSPEAKABLE, "\ufffd"),
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}


def write_svg(drawings: Iterable[Drawing], frame: Frame, assets: Mapping[str, Asset]) -> bytes:
    """One SVG document, in UTF-8. Raises TooLarge past MAX_SVG_BYTES."""
    texts = [_head(frame)]
    size = 0
    for drawing in drawings:
        text = _element(drawing, assets)
        size += len(text)
        if size > limits.MAX_SVG_BYTES:
            raise TooLarge(f"This board as SVG has more than {limits.MAX_SVG_BYTES} bytes.")
        texts.append(text)
    texts.append("</svg>\n")
    return "\n".join(texts).encode()


def _head(frame: Frame) -> str:
    x, y = number(frame.left), number(frame.top)
    width, height = number(frame.width / frame.zoom), number(frame.height / frame.zoom)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{frame.width}" height="{frame.height}" '
        f'viewBox="{x} {y} {width} {height}" '
        f'stroke-linecap="round" stroke-linejoin="round" fill="none" font-family="{_FONT}">'
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{PAPER.hex}"/>'
    )


def number(value: float) -> str:
    """Hundredths of a board unit are enough; without needless digits."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _element(drawing: Drawing, assets: Mapping[str, Asset]) -> str:
    inside = "".join(_command(command, assets) for command in drawing.commands)
    if drawing.turn is None:
        return inside
    turn = drawing.turn
    angle, x, y = number(degrees(turn.angle)), number(turn.x), number(turn.y)
    return f'<g transform="rotate({angle} {x} {y})">{inside}</g>'


def _command(command: Command, assets: Mapping[str, Asset]) -> str:
    match command:
        case Fill(path, color):
            return f'<path{_colored("fill", color)} d="{path_text(path)}"/>'
        case Trail(path, color, width, dashes):
            dashed = f' stroke-dasharray="{" ".join(map(number, dashes))}"' if dashes else ""
            stroke = _colored("stroke", color)
            return f'<path{stroke} stroke-width="{number(width)}"{dashed} d="{path_text(path)}"/>'
        case Words(text, x, y, size, color):
            place = f'x="{number(x)}" y="{number(y)}" font-size="{number(size)}"'
            kept = text.rstrip().translate(_ESCAPES)
            return f'<text xml:space="preserve"{_colored("fill", color)} {place}>{kept}</text>'
        case Photo():
            return _photo(command, assets)


def _photo(photo: Photo, assets: Mapping[str, Asset]) -> str:
    asset = assets.get(photo.asset)
    if asset is None or not asset.body:
        return "".join(_command(command, assets) for command in photo.instead)
    x, y, right, bottom = photo.box
    place = f'x="{number(x)}" y="{number(y)}" width="{number(right - x)}" height="{number(bottom - y)}"'
    faded = "" if photo.opacity == 1 else f' opacity="{photo.opacity:.3g}"'
    source = f"data:{asset.media_type};base64,{b64encode(asset.body).decode()}"
    return f'<image {place}{faded} preserveAspectRatio="none" href="{source}"/>'


def _colored(what: str, color: Color) -> str:
    covers = "" if color.alpha >= 1 else f' {what}-opacity="{color.alpha:.3g}"'
    return f' {what}="{color.hex}"{covers}'


def path_text(path: Path) -> str:
    """A path as SVG has it."""
    return "".join(verb + " ".join(map(number, numbers)) for verb, *numbers in path)
