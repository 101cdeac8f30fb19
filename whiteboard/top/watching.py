"""Looking again and again, and showing it, until somebody has seen enough."""

import json
import re
import signal
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec
import trio

from whiteboard import timeouts
from whiteboard.top import terminal
from whiteboard.top.asking import NoStatus, ask
from whiteboard.top.place import Place
from whiteboard.top.screen import SORTS, Look, picture
from whiteboard.top.words import as_age

Say = Callable[[str], None]
_WIDE: Final = (100, 1_000)
"""Columns and rows of what is written where there is no screen."""
_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)")
"""What arrows and function keys send, and the wheel of a mouse: letters behind an escape."""
_NEWS_LOOKS: Final = 5
"""So many times it is told that the server is back."""


async def say_once(place: Place, say: Say, *, as_json: bool) -> None:
    """One look. Raises NoStatus."""
    status = await ask(place)
    if as_json:
        say(_document(status))
        return
    for line in picture(place.url, [Look(status, time.time())], size=_WIDE)[:-1]:  # keys are for a screen
        say(line.text.rstrip())


async def say_again(place: Place, say: Say) -> None:
    """A JSON document a line, for ever; `{"away": reason}` while the server is not there. The first look raises NoStatus."""
    await say_once(place, say, as_json=True)
    while True:
        await trio.sleep(timeouts.TOP_ROUND.seconds)
        try:
            await say_once(place, say, as_json=True)
        except NoStatus as error:
            say(_document({"away": str(error)}))


def _document(told: object) -> str:
    """In a line of JSON, all in ASCII: whose words these are is not known, and somebody may see them in a terminal."""
    return json.dumps(msgspec.to_builtins(told))


async def watch(place: Place) -> None:
    """Show it on the terminal until `q`, SIGTERM or SIGHUP. Raises NoStatus when not even the first look succeeds.

    Children: who looks, who hears keys, who hears of signals. Cancelled, the terminal is as it was before.
    """
    view = View(place)
    await view.look()
    if view.trouble:
        raise NoStatus(view.trouble)
    with (
        trio.open_signal_receiver(signal.SIGWINCH, signal.SIGTERM, signal.SIGHUP) as signals,
        terminal.open_screen(),
    ):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(view.keep_looking)
            nursery.start_soon(view.hear_keys)
            nursery.start_soon(view.hear_signals, signals)
            await view.left.wait()
            nursery.cancel_scope.cancel()


class View:
    """What is on the screen."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._looks: deque[Look] = deque(maxlen=2)
        self._sort = "s"
        self._away_since: float | None = None
        self._news = ""
        self._news_left = 0
        self.trouble = ""
        """Why the latest look failed; empty when it did not."""
        self.left = trio.Event()
        """Somebody has seen enough."""

    async def look(self) -> None:
        """Ask once; what goes wrong is told on the screen."""
        try:
            status = await ask(self._place)
        except NoStatus as error:
            self.trouble = str(error)
            self._away_since = self._away_since or time.time()
            return
        self._looks.append(Look(status, time.time()))
        if self._away_since is not None:
            self._news = f"The server is back; it was away for {as_age(time.time() - self._away_since)}."
            self._news_left = _NEWS_LOOKS
            self._away_since = None
        self.trouble = ""
        self._news_left -= 1

    async def keep_looking(self) -> None:
        """For ever."""
        while True:
            self.draw()
            await trio.sleep(timeouts.TOP_ROUND.seconds)
            await self.look()

    async def hear_keys(self) -> None:
        """Until the one that ends it, or the terminal is gone."""
        while keys := await terminal.next_keys():
            for key in _SEQUENCE.sub("", keys).lower():
                if key == "q":
                    self.left.set()
                elif key in SORTS:
                    self._sort = key
            self.draw()
        self.left.set()

    async def hear_signals(self, signals: AsyncIterator[int]) -> None:
        """A window of another size is drawn anew; who is to end does so in order."""
        async for number in signals:
            if number != signal.SIGWINCH:
                self.left.set()
            self.draw()

    def draw(self) -> None:
        """Show what is known now; nobody looks any more where the terminal is gone."""
        lines = picture(
            self._place.url, list(self._looks), size=terminal.size(), sort=self._sort, note=self._note()
        )
        try:
            terminal.draw(lines)
        except OSError:
            self.left.set()

    def _note(self) -> str:
        if self._away_since is None:
            return self._news if self._news_left >= 0 else ""
        since = time.strftime("%H:%M:%S", time.localtime(self._away_since))
        return f"The server has not answered since {since}: {self.trouble}. What is below is older; it is asked again and again."
