"""A cache keyed by session: it saves a computation, and keeps every session that ever was.

The cure is a key that does not keep what it names: a weak one, which goes with the session.
"""

from collections.abc import MutableMapping
from typing import Final
from weakref import WeakKeyDictionary

from examples.leaks.laboratory import Experiment, Feature, References, sessions_with
from whiteboard.rooms.session import Session

COLORS: Final = ("#e03131", "#2f9e44", "#1971c2")


class Colors(Feature):
    """The color of each session, chosen once."""

    def __init__(self, cache: MutableMapping[Session, str]) -> None:
        self._cache = cache

    def began(self, session: Session) -> None:
        self._cache[session] = COLORS[hash(session.id) % len(COLORS)]


STRONG: Final[dict[Session, str]] = {}
WEAK: Final[WeakKeyDictionary[Session, str]] = WeakKeyDictionary()


async def run(is_cured: bool) -> References:
    """Sessions that come and go, each with a color."""
    return await sessions_with(Colors(WEAK if is_cured else STRONG))


EXPERIMENTS: Final = (Experiment("a cache keyed by session", run, STRONG.clear),)
