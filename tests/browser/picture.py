"""What is on the screen, pixel by pixel."""

import struct
import zlib

from browser.person import Person

Picture = list[list[tuple[int, int, int]]]
"""Rows of red, green and blue."""


def picture(person: Person, left: float, top: float, width: float, height: float) -> Picture:
    """A part of somebody's screen, once everything there has been drawn; pointers of others left out."""
    person.ask("() => { document.querySelector('.cursors').style.visibility = 'hidden'; }")
    person.wait("whiteboard.layers.requested === 0 && whiteboard.layers.job === null")
    clip = {"x": left, "y": top, "width": width, "height": height}
    return pixels(person.page.screenshot(clip=clip))  # type: ignore[arg-type]


def difference(one: Picture, other: Picture) -> int:
    """By how much the two differ where they differ most, in any channel."""
    rows = zip(one, other, strict=True)
    pairs = (pair for a, b in rows for pair in zip(a, b, strict=True))
    return max(abs(x - y) for a, b in pairs for x, y in zip(a, b, strict=True))


def pixels(png: bytes) -> Picture:
    """Rows of a PNG as browsers write it: 8 bits, RGB or RGBA, not interlaced."""
    size, body, at = b"", b"", 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        data = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            size = data
        if kind == b"IDAT":
            body += data
        at += 12 + length
    width, height, depth, color = struct.unpack_from(">IIBB", size)
    assert depth == 8
    step = {2: 3, 6: 4}[color]
    raw, above, rows = zlib.decompress(body), bytearray(width * step), []
    for y in range(height):
        start = y * (width * step + 1)
        above = unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + width * step]), above, step)
        rows.append([(above[x], above[x + 1], above[x + 2]) for x in range(0, width * step, step)])
    return rows


def unfiltered(kind: int, line: bytearray, above: bytearray, step: int) -> bytearray:
    """A row of a PNG without its filter (PNG specification, chapter 9)."""
    for i in range(len(line)):
        left = line[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        guess = left + above[i] - corner
        paeth = min((left, above[i], corner), key=lambda each: abs(guess - each))
        line[i] = (line[i] + (0, left, above[i], (left + above[i]) // 2, paeth)[kind]) % 256
    return line
