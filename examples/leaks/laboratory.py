"""What an experiment is: a fault that keeps things alive, its cure, and a count of who survives with each.

Expected survivors are none, always. With the fault there are some, and the detector says who holds them; with the cure there
are none. An experiment for which that does not hold has failed.
"""

import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import attrs

from whiteboard.diagnostics.leaks.holders import find_holders
from whiteboard.leakcheck.house import open_house
from whiteboard.leakcheck.visitor import open_visitor
from whiteboard.rooms.session import Session

TIMES: Final = 20
"""How many things each experiment makes and means to lose."""
References = list["weakref.ref[Any]"]


@attrs.frozen
class Experiment:
    """One fault and its cure."""

    name: str
    run: Callable[[bool], Awaitable[References]]
    """Makes TIMES things, with the cure or without it, and drops them; weak references to them."""
    clean_up: Callable[[], object]
    """Undoes what the fault has done."""


@attrs.frozen
class Outcome:
    """Of one run."""

    survivors: int
    held_by: str
    """The chain of holders of the last survivor; empty without one."""


@attrs.frozen
class Result:
    """Of both runs."""

    name: str
    faulty: Outcome
    cured: Outcome

    @property
    def is_as_it_should_be(self) -> bool:
        """Whether the fault leaks, the cure does not, and the holder was named."""
        return self.faulty.survivors == TIMES and bool(self.faulty.held_by) and self.cured.survivors == 0

    def lines(self) -> Iterator[str]:
        """For people."""
        yield self.name
        yield f"  {'':12}{'expected':>9}{'actual':>8}"
        for title, outcome in (("with fault", self.faulty), ("cured", self.cured)):
            yield f"  {title:12}{0:9}{outcome.survivors:8}   {outcome.held_by}".rstrip()


async def conduct(experiment: Experiment) -> Result:
    """Run it with the fault, clean up, and run it with the cure."""
    faulty = _count(await experiment.run(False))
    experiment.clean_up()
    cured = _count(await experiment.run(True))
    experiment.clean_up()
    return Result(experiment.name, faulty, cured)


def _count(references: References) -> Outcome:
    alive = [one for one in references if one() is not None]
    if not alive:
        return Outcome(0, "")
    holding = find_holders(alive[-1])
    return Outcome(
        len(alive),
        "nobody: a dead cycle that waits for the collector" if holding.is_garbage else holding.chains[0],
    )


# --- real sessions ------------------------------------------------------------------------------


class Feature:
    """Something that is told of sessions."""

    def began(self, session: Session) -> None:
        """Somebody has come."""

    def ended(self, session: Session) -> None:
        """They have gone."""


async def sessions_with(feature: Feature) -> References:
    """TIMES sessions that come to a real server with this feature, draw, and go."""
    references: References = []
    async with open_house("memory") as house:
        with _telling(feature, references):
            for number in range(TIMES):
                async with open_visitor(house, "board") as one:
                    await one.enter()
                    await one.say({"type": "note", "id": f"n{number}", "x": 1})
                    await one.hear("ack")
                    await one.say_goodbye()
    return references


@contextmanager
def _telling(feature: Feature, references: References) -> Iterator[None]:
    kind: Any = Session
    run = kind.run

    async def run_and_tell(session: Session) -> None:
        references.append(weakref.ref(session))
        feature.began(session)
        try:
            await run(session)
        finally:
            feature.ended(session)

    kind.run = run_and_tell
    try:
        yield
    finally:
        kind.run = run
