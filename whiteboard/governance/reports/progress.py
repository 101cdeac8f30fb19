"""A bar on a terminal for what takes longer than a second."""

from collections.abc import Callable
from typing import Final, TextIO

PATIENCE_SECONDS: Final = 1.0
"""What is done sooner needs no bar."""
WIDTH: Final = 30


class Progress:
    """Draws on a stream that is a terminal; says nothing on any other."""

    def __init__(self, stream: TextIO, now: Callable[[], float]) -> None:
        self._stream, self._now = stream, now
        self._began = now()
        self._is_shown = stream.isatty()
        self._is_drawn = False

    def tell(self, done: int, whole: int, what: str) -> None:
        """So much of the whole is done, and this comes next."""
        if not self._is_shown or self._now() - self._began < PATIENCE_SECONDS:
            return
        full = WIDTH * done // max(whole, 1)
        self._stream.write(f"\r\x1b[K[{'#' * full}{'.' * (WIDTH - full)}] {what}")
        self._stream.flush()
        self._is_drawn = True

    def clear(self) -> None:
        """Leave the line as it was."""
        if self._is_drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_drawn = False
