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
    """Columns and rows: those of the window, whatever COLUMNS and LINES say, for it may change; theirs where it tells none."""
    try:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        columns, rows = 0, 0
    if not (columns and rows):
        columns, rows = shutil.get_terminal_size()
    return columns, rows


def draw(lines: Sequence[Line]) -> None:
    """Show these lines and nothing else. Raises OSError when the terminal is gone."""
    # what was there goes first: behind a line that fills its width it would take the last letter
    text = "\r\n".join(_REST_OF_LINE + _LOOKS[line.style] + line.text + _PLAIN for line in lines)
    _write(_HOME + text + _REST_OF_SCREEN)


@contextmanager
def open_screen() -> Iterator[None]:
    """A screen of our own, and keys as they are pressed, while the block runs; then all is as before, if it is still there."""
    has_keys = sys.stdin.isatty()
    before = termios.tcgetattr(sys.stdin) if has_keys else None
    _write(_OTHER_SCREEN)
    try:
        if has_keys:
            tty.setcbreak(sys.stdin.fileno())
        yield
    finally:
        try:
            if before is not None:
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
            _write(_BACK)
        except (
            OSError,
            termios.error,
        ):  # gone; whoever flushes standard output at the end need not fail over it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write(text: str) -> None:
    """Past Python's buffer, which would try once more at the end what a terminal that is gone did not take."""
    left = text.encode(sys.stdout.encoding, "replace")
    while left:
        left = left[os.write(sys.stdout.fileno(), left) :]


async def next_keys() -> str:
    """Keys that are pressed next; never returns without a keyboard, and gives nothing when the terminal is gone."""
    if not sys.stdin.isatty():
        await trio.sleep_forever()
    await trio.lowlevel.wait_readable(sys.stdin)
    try:
        return os.read(sys.stdin.fileno(), _KEY_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
