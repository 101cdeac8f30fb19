"""Profiles of one worker, asked from another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from workers.places import PLACE
from workers.two import two_workers

from whiteboard.config import Settings
from whiteboard.diagnostics.profiles.pprof import decoded, encoded
from whiteboard.diagnostics.profiles.profile import Frame, Profile, Sample, ValueType
from whiteboard.diagnostics.profiles.sources import NoSuchProfile, ProfileRefused, Profiles, Source, Sources
from whiteboard.errors import RoomClosed
from whiteboard.workers.asking import Question
from whiteboard.workers.profiles import OtherProfiles, profiles_by_number, with_profiles
from whiteboard.workers.share import Share

OPS = Profile(
    types=(ValueType("ops", "count"),),
    samples=(Sample((Frame("board.draw", "board.py", 7),), (5,)),),
    default_type="ops",
)


class Slow:
    """A source that takes its time."""

    def __init__(self) -> None:
        self.began, self.ended = trio.Event(), trio.Event()

    async def take(self, seconds: float | None) -> Profile | bytes:
        """After so many seconds, written already; says when it is over, however."""
        self.began.set()
        try:
            await trio.sleep(seconds or 0)
        finally:
            self.ended.set()
        return OPS if seconds is None else encoded(OPS)


async def nothing(question: Question) -> bytes:
    """What other questions are answered with."""
    await trio.lowlevel.checkpoint()
    return question.what.encode()


@asynccontextmanager
async def asked(slow: Slow) -> AsyncIterator[Profiles]:
    """The profiles of a worker that has one source."""
    sources = Sources(Source(name="ops", meaning="Ops.", take=slow.take), worker=1)
    async with two_workers(with_profiles(sources, nothing)) as inlet:
        yield OtherProfiles(1, inlet)


async def test_they_come_as_from_ones_own() -> None:
    """What there is, a profile and its text, each with the number of the worker that it is of."""
    async with asked(Slow()) as profiles:
        described = await profiles.described()
        assert [one["name"] for one in described["profiles"]] == ["ops"]
        taken = decoded(await profiles.take_encoded("ops"))
        assert (taken.samples, "worker 1" in taken.comments) == (OPS.samples, True)
        assert (await profiles.as_text("ops")).startswith("ops profile: total 5\n")


async def test_refusals_come_across() -> None:
    """With code, reason and when to try again; so does a name that is not known."""
    async with asked(Slow()) as profiles, trio.open_nursery() as nursery:
        with pytest.raises(NoSuchProfile, match="There are ops"):
            await profiles.take_encoded("heap")
        nursery.start_soon(profiles.take_encoded, "ops", 60)
        await trio.testing.wait_all_tasks_blocked(0.05)
        with pytest.raises(ProfileRefused, match="one at a time") as refused:
            await profiles.take_encoded("ops")
        nursery.cancel_scope.cancel()
    assert refused.value.code == "profile_busy"
    assert refused.value.retry_seconds == pytest.approx(60, abs=5)


async def test_it_may_take_longer_than_answers_may(autojump_clock: trio.testing.MockClock) -> None:
    """Ten minutes were asked for, and they are waited for."""
    autojump_clock.autojump_threshold = 0.05
    async with asked(Slow()) as profiles:
        assert decoded(await profiles.take_encoded("ops", 600)).samples == OPS.samples


async def test_who_goes_ends_it_there() -> None:
    """The other worker does not go on for somebody who is not there."""
    slow = Slow()
    async with asked(slow) as profiles:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(profiles.take_encoded, "ops", 60)
            await slow.began.wait()
            nursery.cancel_scope.cancel()
        await slow.ended.wait()
        assert (await profiles.described())["busy"] is None


async def test_a_worker_that_is_away_is_told_apart() -> None:
    """It is no matter of boards."""
    async with two_workers(None) as inlet:
        with pytest.raises(ProfileRefused, match=r"Worker 1 does not answer\.") as refused:
            await OtherProfiles(1, inlet).described()
    assert refused.value.code == "worker_away"


async def test_other_questions_are_none_of_it() -> None:
    """They are answered as before, and its own profiles a worker takes itself."""
    own = Sources(worker=0)
    answer = with_profiles(own, nothing)
    assert await answer(Question("view", "b")) == b"view"
    async with two_workers(answer) as inlet:
        of = profiles_by_number(own, Share(0, 2, Settings(), 8080, place=PLACE, link=0, lease=None), inlet)
        assert of(0) is own
        assert isinstance(of(1), OtherProfiles)


async def test_a_fault_elsewhere_is_no_refusal() -> None:
    """What other questions raise still comes across."""

    async def fails(_: Question) -> bytes:
        await trio.lowlevel.checkpoint()
        raise RoomClosed("gone")

    with pytest.raises(RoomClosed):
        await with_profiles(Sources(), fails)(Question("view", "b"))
