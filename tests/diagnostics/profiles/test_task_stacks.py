"""Every task with its owners above it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from whiteboard import limits
from whiteboard.diagnostics.profiles.profile import Profile, Sample
from whiteboard.diagnostics.profiles.sources import Sources
from whiteboard.diagnostics.profiles.task_stacks import Standing, look, standings, task_sources


async def room(sessions: int) -> None:
    """Owns as many sessions."""
    async with trio.open_nursery() as nursery:
        for number in range(sessions):
            nursery.start_soon(session, name=f"session {number}")


async def session() -> None:
    """Waits for what never comes."""
    await trio.sleep_forever()


def sample_of(profile: Profile, name: str) -> Sample:
    """The one of that kind of task."""
    found = [sample for sample in profile.samples if dict(sample.labels)["name"] == name]
    assert len(found) == 1, found
    return found[0]


def functions(sample: Sample) -> list[str]:
    """Without the module."""
    return [frame.function.rpartition("test_task_stacks.")[2] for frame in sample.stack]


async def test_tasks_at_one_place_are_one_sample(nursery: trio.Nursery) -> None:
    """Their count, and labels with their kind, what they do and what they wait in."""
    nursery.start_soon(room, 30, name="room lecture")
    await wait_all_tasks_blocked()

    found = sample_of(await look(), "session")

    assert found.values == (30,)
    assert found.labels == (
        ("name", "session"),
        ("state", "waiting"),
        ("waits", "trio._timeouts.sleep_forever"),
    )


async def test_owners_stand_above_their_tasks(nursery: trio.Nursery) -> None:
    """Below a task's own frames are those of the room that owns it and of whom the room is; Trio's waiting there is left out."""
    nursery.start_soon(room, 1, name="room lecture")
    await wait_all_tasks_blocked()

    found = functions(sample_of(await look(), "session"))

    at = found.index("session")
    assert found[at : at + 2] == ["session", "room"]
    assert found[0].startswith("trio._core._traps")
    assert found[-1].startswith("pytest_trio."), "the first task of this run"


async def test_who_asks_runs_and_who_has_not_begun_is_starting(nursery: trio.Nursery) -> None:
    """Other states than waiting are told."""
    nursery.start_soon(session, name="session new")

    states = {one.name: (one.state, one.waits) for one in await standings()}

    assert states["session new"] == ("starting", "")
    assert ("running", "") in states.values()


async def test_many_tasks_are_read_in_slices(nursery: trio.Nursery) -> None:
    """Others have their turn in between, and tasks that end meanwhile harm nobody."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as many:
        many.start_soon(room, 5 * limits.TASKS_AT_ONCE)
        await wait_all_tasks_blocked()
        many.start_soon(turn)
        await look()
        many.cancel_scope.cancel()

    assert turns >= 2


@asynccontextmanager
async def never_open() -> AsyncIterator[None]:
    """Waits inside of an asynchronous generator."""
    await trio.Event().wait()
    yield


async def through_a_generator() -> None:
    """Waits for it."""
    async with never_open():
        pass


async def test_generators_are_seen_through(nursery: trio.Nursery) -> None:
    """A task that waits in one stands there."""
    nursery.start_soon(through_a_generator, name="through")
    await wait_all_tasks_blocked()

    found = functions(sample_of(await look(), "through"))

    at = found.index("never_open")
    assert found[at + 2] == "through_a_generator", "behind contextlib"


async def test_kinds_are_few() -> None:
    """What differs for each board or person is no part of a label."""
    names = [
        "room lecture",
        "session 8f",
        "hub: tick",
        "<TrioToken.run_sync_soon task>",
        "whiteboard.serve.serve",
    ]

    kinds = [Standing(name, "waiting", (), ()).kind for name in names]

    assert kinds == [
        "room",
        "session",
        "hub: tick",
        "<TrioToken.run_sync_soon task>",
        "whiteboard.serve.serve",
    ]


async def test_in_full_each_task_has_its_name(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Go's `?debug=2`: each by itself with its owners; of very many the first ones."""
    sources = Sources(*task_sources())
    nursery.start_soon(room, 2, name="room lecture")
    await wait_all_tasks_blocked()

    text = await sources.as_text("goroutine", in_full=True)
    monkeypatch.setattr(limits, "MAX_TASKS_SHOWN", 1)
    short = await sources.as_text("tasks", in_full=True)

    assert 'task "session 1" [waiting, trio._timeouts.sleep_forever]:\n' in text
    assert "owned by\n" in text
    assert short.count("\ntask ") == 0
    assert short.endswith("more\n")
