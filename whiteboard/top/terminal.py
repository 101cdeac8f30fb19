"""The terminal: its size, what is drawn on it, the keys that are pressed. Knows nothing of servers."""

import os
import shutil
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import trio

from whiteboard.top.screen import Line, Style

_OTHER_SCREEN, _BACK = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
_PLAIN: Final = "\x1b[0m"
_LOOKS: Final = {
    Style.PLAIN: "",
    Style.TITLE: "\x1b[1m",
    Style.HEAD: "\x1b[7m",
    Style.BAD: "\x1b[1;31m",
    Style.QUIET: "\x1b[2m",
}
_KEY_BYTES: Final = 32


def is_there() -> bool:
    """Whether somebody sees what is drawn."""
    return sys.stdout.isatty()


def size() -> tuple[int, int]:
    """Columns and rows."""
    columns, rows = shutil.get_terminal_size()
    return columns, rows


def draw(lines: Sequence[Line]) -> None:
    """Show these lines and nothing else."""
    text = "\r\n".join(_LOOKS[line.style] + line.text + _PLAIN + _REST_OF_LINE for line in lines)
    sys.stdout.write(_HOME + text + _REST_OF_SCREEN)
    sys.stdout.flush()


@contextmanager
def open_screen() -> Iterator[None]:
    """A screen of our own, and keys as they are pressed, while the block runs; then all is as before."""
    has_keys = sys.stdin.isatty()
    before = termios.tcgetattr(sys.stdin) if has_keys else None
    sys.stdout.write(_OTHER_SCREEN)
    try:
        if has_keys:
            tty.setcbreak(sys.stdin.fileno())
        yield
    finally:
        if before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        sys.stdout.write(_BACK)
        sys.stdout.flush()


async def next_keys() -> str:
    """Keys that are pressed next; never returns without a keyboard, and gives nothing when the terminal is gone."""
    if not sys.stdin.isatty():
        await trio.sleep_forever()
    await trio.lowlevel.wait_readable(sys.stdin)
    return os.read(sys.stdin.fileno(), _KEY_BYTES).decode("utf-8", "replace")
