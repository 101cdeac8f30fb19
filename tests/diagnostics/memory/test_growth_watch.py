"""The watch over memory: what it notes, and what it reads of traced allocations."""

from collections.abc import Iterator

import pytest

from whiteboard import limits
from whiteboard.config.sampling import RATES, Environment
from whiteboard.diagnostics import findings
from whiteboard.diagnostics.memory import growth
from whiteboard.diagnostics.memory.growth_watch import (
    GROWN,
    LARGE,
    LOOKS,
    GrowthWatch,
    judge_size,
    open_growth_watch,
    packed_sites,
    profile_of,
)
from whiteboard.diagnostics.profiles import tracing
from whiteboard.diagnostics.profiles.forked import forked
from whiteboard.diagnostics.sampling import open_sampling

MB = 1_000_000


@pytest.fixture(autouse=True)
def nothing_found(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test finds its own, with memory that nobody has looked at."""
    monkeypatch.setattr(growth, "OWN", growth.Growth())
    findings.FINDINGS.clear()
    yield
    findings.FINDINGS.clear()


@pytest.fixture
def traced() -> Iterator[None]:
    """Allocations are traced."""
    tracing.start(5)
    yield
    tracing.stop()


def test_what_grows_and_what_is_large_is_noted() -> None:
    """With sizes and their ratio. [R52]"""
    for _ in range(limits.GROWTH_LOOKS):
        judge_size(400 * MB)
    judge_size(600 * MB)
    facts = {"in_use_bytes": 600 * MB, "usual_bytes": 400 * MB, "ratio": 1.5}
    assert [(one.kind, one.facts) for one in findings.FINDINGS.of_kind(GROWN)] == [(GROWN, facts)]
    assert [(one.kind, one.facts) for one in findings.FINDINGS.of_kind(LARGE)] == [(LARGE, facts)]


def keep() -> list[bytearray]:
    """Something that is in use."""
    return [bytearray(100_000) for _ in range(40)]


async def test_sites_are_read_in_a_child(traced: None) -> None:
    """By the part of the stack that is ours; tracing goes on here."""
    kept = keep()
    profile = profile_of(await forked(packed_sites), 1)
    sample = max(profile.samples, key=lambda one: one.values[1])
    assert "keep" in sample.stack[0].function
    assert sample.values[1] >= sum(map(len, kept))
    assert tracing.tracing() is not None


async def test_nobody_looks_at_what_is_not_traced() -> None:
    """And what was traced before says nothing of what is traced anew."""
    watch = GrowthWatch()
    await watch.look_at_sites()
    assert len(watch._paths._looks) == 0
    for _ in range(2):
        tracing.start(2)
        await watch.look_at_sites()
        await watch.look_at_sites()
        assert len(watch._paths._looks) == 2
        tracing.stop()
    await watch.look_at_sites()
    assert len(watch._paths._looks) == 0


async def test_a_second_of_tracing_is_looked_at_at_its_end(traced: None) -> None:
    """As who traces now and then asks for, while the watch is there. [R50, R52]"""
    before = LOOKS.values()[""]
    async with open_sampling(RATES[Environment.PROD], "prod") as sampling:
        async with open_growth_watch(sampling):
            (look,) = sampling.at_window
            await look()
        assert sampling.at_window == []
    assert LOOKS.values()[""] == before + 1
