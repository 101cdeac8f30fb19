"""How wide letters are, and where a note breaks its lines. Pure.

Who has fonts measures with them; `Estimate` is for who has none, as the writer of SVG.
"""

import re
from collections.abc import Callable
from typing import Final, Protocol

LINE_HEIGHT: Final = 1.3
TEXT_SIZE: Final = 24.0
"""Of a text that does not say."""
NOTE_SIZE: Final = 18.0
"""Of a note's."""
FAMILIES: Final = (
    "ui-sans-serif",
    "system-ui",
    "Segoe UI",
    "Roboto",
    "Helvetica Neue",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "Noto Sans CJK SC",
    "sans-serif",
)
"""The page's fonts, the first that is there."""

_WIDE: Final = "\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef"
_PIECE: Final = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]+|\s+")
_IS_WIDE: Final = re.compile(rf"[{_WIDE}]|[\U0001f000-\U0001faff]")
_NARROW: Final = frozenset("iljtfrI.,:;!'|()[] ")


class Letters(Protocol):
    """A font, as far as lines are laid out with it. Sizes are in board units."""

    def width(self, text: str, size: float) -> float:
        """Of one line."""

    def rise(self, size: float) -> float:
        """From the baseline up to the top of the letters' box."""

    def fall(self, size: float) -> float:
        """From the baseline down to its bottom."""


class Estimate:
    """Widths as common fonts have them on average: right within a tenth for a line of text."""

    def width(self, text: str, size: float) -> float:
        return size * sum(map(_share, text))

    def rise(self, size: float) -> float:
        return size * 0.93

    def fall(self, size: float) -> float:
        return size * 0.24


def _share(character: str) -> float:
    if character in _NARROW:
        return 0.34
    if _IS_WIDE.match(character):
        return 1.0
    return 0.69 if character.isupper() else 0.61


def baseline(letters: Letters, size: float) -> float:
    """From the top of a line, which is LINE_HEIGHT high, down to where its letters stand."""
    rise, fall = letters.rise(size), letters.fall(size)
    return (size * LINE_HEIGHT - rise - fall) / 2 + rise


def text_extent(letters: Letters, text: str, size: float) -> tuple[float, float]:
    """Width and height of a block of text."""
    lines = text.split("\n")
    return max(1.0, *(letters.width(line, size) for line in lines)), len(lines) * size * LINE_HEIGHT


def wrap(text: str, room: float, width: Callable[[str], float]) -> list[str]:
    """Lines that are no wider than `room`. A text is as wide as its letters together: each is measured twice, however long.

    Broken at spaces, and between characters where a word is too long or has no spaces, as in Chinese.
    """
    return [line for paragraph in text.split("\n") for line in _wrap_paragraph(paragraph, room, width)]


def _wrap_paragraph(paragraph: str, room: float, width: Callable[[str], float]) -> list[str]:
    lines: list[str] = []
    line, taken = "", 0.0
    for piece in _PIECE.findall(paragraph):
        if taken + width(piece.rstrip()) <= room:
            line += piece
            taken += width(piece)
            continue
        if line:
            lines.append(line.rstrip())
        parts = [piece.lstrip()] if width(piece) <= room else _chop(piece, room, width)
        lines += parts[:-1]
        line, taken = parts[-1], width(parts[-1])
    lines.append(line.rstrip())
    return lines


def _chop(word: str, room: float, width: Callable[[str], float]) -> list[str]:
    parts, taken = [""], 0.0
    for character in word:
        wide = width(character)
        if parts[-1] and taken + wide > room:
            parts.append(character)
            taken = wide
        else:
            parts[-1] += character
            taken += wide
    return parts
