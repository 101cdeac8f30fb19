"""What all sessions of a board are told: who is here."""

import random
from typing import Any

import pytest
import trio
import trio.testing
from rooms.conftest import Stage
from rooms.line import Line

from whiteboard import timeouts

Message = dict[str, Any]


class View:
    """Who is here, as one client knows it from what it was told."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.own = ""
        self.names: dict[str, str] = {}

    @property
    def others(self) -> dict[str, str]:
        """All but itself: it hears of its own new name, too."""
        return {session: name for session, name in self.names.items() if session != self.own}

    def take(self) -> None:
        """Take what has come."""
        for message in self.line.read():
            match message["type"]:
                case "welcome":
                    self.own = message["session"]
                    self.names = {peer["session"]: peer["name"] for peer in message["peers"]}
                case "join":
                    if not message["name"].startswith("renamed"):
                        assert message["session"] not in {self.own, *self.names}
                    self.names[message["session"]] = message["name"]
                case "leave":
                    del self.names[message["session"]]
                case "cursors":
                    assert {one["session"] for one in message["cursors"]} <= {*self.names, self.own}


@pytest.mark.parametrize("seed", range(5))
async def test_everybody_knows_who_is_here_whoever_comes_and_goes(
    stage: Stage, autojump_clock: trio.testing.MockClock, seed: int
) -> None:
    """Many at once, in any order; nobody is told twice, of themselves, or of a pointer before its owner. [PRS-1]"""
    chance = random.Random(seed)
    views: list[View] = []
    for number in range(60):
        view = View(await stage.connect())
        view.line.say({"type": "hello", "name": f"P{number}"}, {"type": "cursor", "x": number, "y": 0})
        views.append(view)
        if len(views) > 3 and chance.random() < 0.4:
            views.pop(chance.randrange(len(views))).line.hang_up()
        if chance.random() < 0.3:
            await trio.sleep(chance.choice((0.0, 0.01, timeouts.BROADCAST_TICK.seconds)))
        if chance.random() < 0.2:
            chance.choice(views).line.say({"type": "hello", "name": f"renamed {number}"})
    await trio.sleep(3 * timeouts.BROADCAST_TICK.seconds)
    for view in views:
        view.take()
    here = {view.own for view in views}
    assert len(here) == len(views)
    names = {session: name for view in views for session, name in view.others.items()}
    for view in views:
        assert view.others.keys() == here - {view.own}
        assert view.others.items() <= names.items()


async def test_who_come_at_once_are_told_of_at_once(
    stage: Stage, autojump_clock: trio.testing.MockClock
) -> None:
    """Those who are here get few frames, however many come: what they cost does not grow with the square."""
    ada, _ = await stage.join()
    await ada.expect("snapshot")
    frames = 0
    push = ada.push

    def count(message: Any) -> None:
        nonlocal frames
        frames += 1
        push(message)

    ada.push = count  # type: ignore[method-assign]  # the line's own sending goes on as before
    for number in range(50):
        (await stage.connect()).say({"type": "hello", "name": f"P{number}"})
    await trio.sleep(3 * timeouts.BROADCAST_TICK.seconds)
    assert sorted(message["name"] for message in ada.read() if message["type"] == "join") == sorted(
        f"P{number}" for number in range(50)
    )
    assert frames <= 4


async def test_new_name_reaches_whoever_falls_behind_before_the_tick(
    stage: Stage, autojump_clock: trio.testing.MockClock
) -> None:
    """A feed that stops being live in the instant in which somebody is renamed has not been told of it yet."""
    ada, _ = await stage.join(name="Ada")
    bob, _ = await stage.join()
    await trio.sleep(1)
    ada.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
    await bob.expect("stroke")
    bob.window = 0
    assert ada.offer({"type": "hello", "name": "Grace"})
    assert bob.offer({"type": "sync", "since": 0})
    await trio.sleep(1)
    bob.open_window()
    await trio.sleep(1)
    assert [message["name"] for message in bob.read() if message["type"] == "join"] == ["Grace"]
