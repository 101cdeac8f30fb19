"""Amounts as people read them. Pure."""

from typing import Final
from unicodedata import combining, east_asian_width

_BYTES: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def digits(value: float) -> str:
    """With three digits that count."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def in_bytes(value: float | None) -> str:
    """`12.3 MiB`; a dash for what is not known."""
    if value is None:
        return "-"
    step = 0
    while abs(value) >= 1024 and step < len(_BYTES) - 1:
        value, step = value / 1024, step + 1
    return f"{digits(value)} {_BYTES[step]}"


def in_seconds(value: float) -> str:
    """A short time: `1.20 ms`."""
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{digits(value / size)} {unit}"
    return "0 s" if value == 0 else f"{digits(value / 1e-9)} ns"


def as_age(seconds: float) -> str:
    """A long time in its two largest units: `3 h 12 min`."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def printable(text: object, most: int) -> str:
    """A text that does nothing to a terminal, at most so many columns wide."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in str(text))
    if columns(clean) <= most:
        return clean
    while clean and columns(clean) >= most:
        clean = clean[: max(most - 1, 0)] if len(clean) > most else clean[:-1]
    return clean + "…"


def filled(text: str, width: int) -> str:
    """With spaces behind it, up to so many columns."""
    return text + " " * (width - columns(text))


def columns(text: str) -> int:
    """How wide a terminal draws it: East Asian letters are as wide as two (UAX 11), marks stand on what is before them."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(letter) else 1 + (east_asian_width(letter) in "WF") for letter in text)
