"""A server's place among others, as the composition root holds it; and the place of one that is alone."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

import attrs
import trio

from whiteboard.cluster.instances import Instance


class AgentState(StrEnum):
    """How the keeper of the list answers."""

    UNKNOWN = "unknown"
    """It has not been asked yet."""
    ANSWERING = "answering"
    REFUSING = "refusing"
    """It is there, and does not do what it is asked: a token is wrong, or it is something else."""
    AWAY = "away"


@attrs.frozen(kw_only=True)
class Listed:
    """What is known from the list that all servers share."""

    agent: AgentState
    is_registered: bool
    """Whether this server was on the list when it looked last."""
    age: float | None
    """Seconds since the list was seen; None when it never was."""


@attrs.frozen(kw_only=True)
class View:
    """Servers as this one knows them now."""

    own: Instance
    others: tuple[Instance, ...] = ()
    """By name; as they were on the list when it was seen last, at most MAX_INSTANCES."""
    listed: Listed | None = None
    """None where there is no list."""


class Membership(Protocol):
    """Being one of several servers, from the first connection to the last."""

    def view(self) -> View:
        """What is known now; asks nobody."""

    async def leave(self) -> None:
        """Have nobody sent here any more. Returns within CONSUL_LEAVE, whether it worked or not; raises nothing.

        What is cancelled meanwhile goes on within that time, for the sake of those who would be sent here.
        """


class Alone:
    """A server without others."""

    def __init__(self, own: Instance) -> None:
        self._view = View(own=own)

    def view(self) -> View:
        return self._view

    async def leave(self) -> None:
        await trio.lowlevel.checkpoint()


def report(view: View, counts: Mapping[str, int]) -> dict[str, Any]:
    """What `/api/cluster` answers.

    Args:
        counts: what this server holds: sessions, boards.
    """
    listed = view.listed
    consul = listed and {
        "agent": listed.agent.value,
        "registered": listed.is_registered,
        "age": None if listed.age is None else round(listed.age, 3),
    }
    return {
        "instance": {**_line(view.own), **counts},
        "others": [_line(one) for one in view.others],
        "consul": consul,
    }


def _line(instance: Instance) -> dict[str, Any]:
    line = attrs.asdict(instance)
    line["tags"] = list(instance.tags)
    line["health"] = instance.health and instance.health.value
    return line
