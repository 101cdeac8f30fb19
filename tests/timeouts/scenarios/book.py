"""What a scenario is, and the book of all of them.

A scenario is told which entry it is for. It plays at a pace that the entry's *default* sets (a peer that answers at
90 % of it), with what is in force scaled by the test, and says in words how it ended.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import trio

from whiteboard.timeouts import Timeout

Play = Callable[[Timeout], Awaitable[str]]
ALMOST: Final = 0.9
"""Of the default: when a peer that is just in time answers. More than 0.8 of it, less than all."""
SURELY_NOT: Final = 0.75
SURELY: Final = 1.25
"""Of the default: before and after the end of anything that lasts 0.8 to 1.2 of it."""


async def later(seconds: float, happens: Callable[[], object]) -> None:
    """Have something happen after a while."""
    await trio.sleep(seconds)
    happens()


def before_and_after(entry: Timeout) -> tuple[float, float]:
    """Two waits, one behind the other: until before the end of anything that lasts what the entry says, and until after it."""
    return SURELY_NOT * entry.default, (SURELY - SURELY_NOT) * entry.default


def is_about(seconds: float, entry: Timeout) -> bool:
    """Whether something lasted what the entry says, a fifth more or less, and nothing else."""
    return SURELY_NOT * entry.default <= seconds <= SURELY * entry.default


def is_about_ten(count: int) -> str:
    """What to say of something that has room for ten in ten times the default, and so for eight to thirteen of any in force."""
    return "about as often" if 8 <= count <= 14 else f"{count} times"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way in which entries matter."""

    play: Play
    late: str | None
    """How it may end when the entry has 0.8 of its value: what is documented for too little time."""
    settle: float
    """Seconds without any event, of the machine's clock, after which the virtual one jumps: more than none where bytes
    go over loopback, which takes the kernel a moment."""


SCENARIOS: Final[dict[str, Scenario]] = {}
"""By the name that entries give."""


def scenario(name: str, *, late: str | None = None, settle: float = 0.0) -> Callable[[Play], Play]:
    """Enter it in the book."""

    def enter(play: Play) -> Play:
        assert name not in SCENARIOS, name
        SCENARIOS[name] = Scenario(play, late, settle)
        return play

    return enter
