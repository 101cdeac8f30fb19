"""Profiles by name, one at a time."""

import threading

import pytest
import trio
from trio.testing import MockClock

from whiteboard import limits
from whiteboard.diagnostics.profiles.pprof import decoded, encoded
from whiteboard.diagnostics.profiles.profile import Frame, Profile, Sample, ValueType
from whiteboard.diagnostics.profiles.sources import (
    NoSuchProfile,
    Off,
    ProfileRefused,
    Source,
    Sources,
    aside,
    by_looks,
)
from whiteboard.diagnostics.profiles.threads import thread_source

DRAW = (Frame("board.draw", "board.py", 7),)


def profile(count: int) -> Profile:
    """Something counted at one place."""
    return Profile(types=(ValueType("ops", "count"),), samples=(Sample(DRAW, (count,)),), default_type="ops")


class Counting:
    """A source that has counted ten more each time it is looked at."""

    def __init__(self) -> None:
        self.count = 0

    async def look(self) -> Profile:
        """How it is now."""
        await trio.lowlevel.checkpoint()
        self.count += 10
        return profile(self.count)


def counting(name: str = "ops", needs: Off | None = None, setting: str = "") -> Source:
    """A source of it."""
    return Source(
        name=name,
        meaning="Ops.",
        take=by_looks(Counting().look),
        needs=lambda: needs,
        setting=lambda: setting,
        count=lambda: 3,
    )


async def test_a_look_and_what_comes_between_two(autojump_clock: MockClock) -> None:
    """Without seconds it is what is there, with them what came meanwhile."""
    autojump_clock.autojump_threshold = 0.05
    sources = Sources(counting())
    began = trio.current_time()

    whole, between = await sources.take("ops"), await sources.take("ops", 5)

    assert [sample.values for sample in whole.samples] == [(10,)]
    assert [sample.values for sample in between.samples] == [(10,)]
    assert trio.current_time() - began == pytest.approx(5)


async def test_it_is_written_or_read_as_it_is_wanted() -> None:
    """A source may give values or bytes; who asks gets what it asked for, with what the process says of itself."""

    async def written(_: float | None) -> bytes:
        await trio.lowlevel.checkpoint()
        return encoded(profile(7))

    sources = Sources(
        counting(setting="every op"), Source(name="written", meaning="Bytes.", take=written), worker=1
    )

    assert decoded(await sources.take_encoded("ops")).samples == profile(10).samples
    assert (await sources.take("written")).samples == profile(7).samples
    assert await sources.take_encoded("written") == encoded(profile(7))
    comments = decoded(await sources.take_encoded("ops")).comments
    assert "worker 1" in comments
    assert "ops: every op" in comments


async def test_one_at_a_time(autojump_clock: MockClock) -> None:
    """A second one is refused with when to come back; one that is cancelled gives way at once."""
    autojump_clock.autojump_threshold = 0.05
    sources = Sources(counting())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sources.take, "ops", 60)
        await trio.sleep(20)
        with pytest.raises(ProfileRefused, match="one at a time") as refused:
            await sources.take("ops")
        nursery.cancel_scope.cancel()

    assert str(refused.value).startswith("ops is being taken")
    assert refused.value.code == "profile_busy"
    assert refused.value.retry_seconds == pytest.approx(40)
    assert (await sources.described())["busy"] is None
    await sources.take("ops")


@pytest.mark.parametrize("seconds", [-1, 0, limits.MAX_PROFILE_SECONDS + 1, float("nan")])
async def test_seconds_are_bounded(seconds: float) -> None:
    """Neither none nor too many."""
    with pytest.raises(ProfileRefused) as refused:
        await Sources(counting()).take("ops", seconds)
    assert refused.value.code == "bad_seconds"


async def test_what_is_off_says_why() -> None:
    """The source's own code and reason; the others can be taken."""
    sources = Sources(counting(needs=Off("not_sampled", "Set a rate.")), counting("other"))

    with pytest.raises(ProfileRefused, match=r"Set a rate\.") as refused:
        await sources.take("ops")

    assert refused.value.code == "not_sampled"
    await sources.take("other")


async def test_names_are_known() -> None:
    """Another one is told which there are; what is added takes the place of what had its name."""
    sources = Sources(counting("b"), counting("a"))
    replaced = counting("a", setting="every second one")
    sources.add(replaced)

    assert [source.name for source in sources] == ["a", "b"]
    assert sources.named("a") is replaced
    with pytest.raises(NoSuchProfile, match="a, b"):
        await sources.take("c")


async def test_a_source_is_shown_with_what_keeps_it() -> None:
    """Plain values for the index."""
    shown = counting(needs=Off("not_sampled", "Set a rate."), setting="never").shown()

    assert shown == {
        "name": "ops",
        "meaning": "Ops.",
        "count": 3,
        "setting": "never",
        "seconds": None,
        "off": {"code": "not_sampled", "reason": "Set a rate."},
    }


async def test_text_has_names_for_places() -> None:
    """Totals, the settings, and each sample with its frames, the largest first."""
    text = await Sources(counting()).as_text("ops", in_full=True)

    assert text.startswith("ops profile: total 10\n# whiteboard ")
    assert "\n10 @ 1 frames\n#\tboard.draw  board.py:7\n" in text


async def test_threads_stand_where_they_stand() -> None:
    """Each by its name; that of the event loop is taking the profile."""
    is_over = threading.Event()
    thread = threading.Thread(target=is_over.wait, name="a writer")
    thread.start()
    try:
        found = await Sources(thread_source()).take("threads")
    finally:
        is_over.set()
        thread.join()

    stacks = {dict(sample.labels)["name"]: sample.stack for sample in found.samples}
    assert "threading.Condition.wait" in [frame.function for frame in stacks["a writer"]]
    assert stacks["MainThread"][0].function == "whiteboard.diagnostics.profiles.threads.look"


async def test_work_aside_lets_the_loop_go_on() -> None:
    """It is done by another thread."""
    assert await aside(threading.get_ident) != threading.get_ident()
