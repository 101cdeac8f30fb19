"""What one worker is asked to sample, all sample."""

import attrs
import msgspec
import pytest
import trio
from workers.places import PLACE
from workers.two import two_workers

from whiteboard.config import Mode, Settings
from whiteboard.config.sampling import BlockRate
from whiteboard.diagnostics.sampling import open_sampling
from whiteboard.workers.asking import Question, ask
from whiteboard.workers.samplings import Samplings, with_sampling
from whiteboard.workers.share import Share

OFF = Settings().rates
SHARE = Share(0, 2, Settings(mode=Mode.SQLITE), None, place=PLACE, link=0, lease=None)


async def nothing_else(question: Question) -> bytes:
    """What a worker answers to other questions."""
    await trio.lowlevel.checkpoint()
    return question.what.encode()


@pytest.mark.parametrize("rate", [0, 250])
async def test_the_other_worker_does_the_same(rate: int) -> None:
    """R50. The same rates for as long; other questions are answered as before. [SMP-3]"""
    rates = attrs.evolve(OFF, block_rate=BlockRate(rate))
    async with open_sampling(OFF, "prod") as theirs:
        async with two_workers(with_sampling(theirs, nothing_else)) as inlet:
            assert await Samplings(SHARE, inlet).ask(rates, 60.0) == []
            assert await ask(inlet, 1, Question("view")) == b"view"
        assert theirs.in_force == rates


async def test_who_is_away_is_named() -> None:
    """At once. [SMP-3]"""
    async with two_workers(None) as inlet:
        assert await Samplings(SHARE, inlet).ask(OFF, 60.0) == [1]


async def test_what_no_worker_says() -> None:
    """Is not sampled."""
    async with open_sampling(OFF, "prod") as theirs:
        with pytest.raises(msgspec.ValidationError):
            await with_sampling(theirs, nothing_else)(
                Question("sample", told='{"rates":{"block_rate":1},"seconds":1}')
            )
        assert theirs.in_force == OFF
