"""The real process that draws, over real pipes."""

import os
import signal
from collections.abc import AsyncIterator

import pytest
import trio
from browser.picture import pixels
from core.scene.made import line, view, wave
from integration.polling import until
from render.played import source

from whiteboard.config import Settings
from whiteboard.ids import BoardId
from whiteboard.limits import MIB
from whiteboard.render.asked import Kind, NotDrawn, Wish
from whiteboard.render.process import DrawingProcess, ProcessLost
from whiteboard.render.studio import open_studio
from whiteboard.render.wire import Draw, Drawn, Failed

pytestmark = pytest.mark.integration
SVG, SMALL = Wish(BoardId("b"), Kind.SVG), Wish(BoardId("b"), Kind.THUMBNAIL, size=64)


@pytest.fixture
async def process() -> AsyncIterator[DrawingProcess]:
    """One, ended behind the test."""
    started = await DrawingProcess.start(Settings())
    yield started
    await started.end()


async def test_it_draws_and_says_what_it_has(process: DrawingProcess) -> None:
    """One more stroke takes no new buffer, there too. [R40]"""
    allocated = []
    for count in (6, 7):
        strokes = [wave(f"s{at}", 12 * at, 30 * (at % 6)) for at in range(count)]
        drawn, body = await process.exchange(Draw(SMALL), view(*strokes))
        assert isinstance(drawn, Drawn)
        assert len(pixels(body)) == 48
        allocated.append(drawn.statistics["pool"]["misses"])
    assert allocated == [1, 1]
    assert process.resident_bytes > 10 * MIB


async def test_it_gives_way_and_is_bounded(process: DrawingProcess) -> None:
    """Lower priority, and no more memory than RENDER_MEMORY_BYTES. [PIC-6]"""
    await process.exchange(Draw(SVG), view())
    assert os.getpriority(os.PRIO_PROCESS, process.pid) >= os.getpriority(os.PRIO_PROCESS, 0) + 5
    bounds = (await trio.Path(f"/proc/{process.pid}/limits").read_text()).splitlines()
    (data,) = [bound.split() for bound in bounds if bound.startswith("Max data size")]
    assert data[3] == str(1024 * MIB)


async def test_it_answers_to_nonsense(process: DrawingProcess) -> None:
    """And draws the next board."""
    failed, _ = await process.exchange(Draw(SVG), b"nonsense")
    assert isinstance(failed, Failed)
    drawn, body = await process.exchange(Draw(SVG), view(line("s", (0, 0), (9, 9))))
    assert isinstance(drawn, Drawn)
    assert body.startswith(b"<svg")


async def test_one_that_is_gone_is_noticed(process: DrawingProcess) -> None:
    """Before and while it is asked."""
    await process.exchange(Draw(SVG), view())
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(ProcessLost):
        await process.exchange(Draw(SVG), view())
    await process.end()
    assert process.resident_bytes == 0
    with pytest.raises(ProcessLost):
        await process.exchange(Draw(SVG), view())


async def test_one_that_cannot_be_started_is_as_good_as_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system has no process for us."""
    monkeypatch.setattr("whiteboard.render.process.COMMAND", ("/nowhere/python",))
    with pytest.raises(ProcessLost, match="could be started"):
        await DrawingProcess.start(Settings())
    async with open_studio(Settings()) as studio:
        with pytest.raises(NotDrawn, match="nothing that could draw"):
            await studio.draw(SVG, source())


async def test_a_studio_that_is_left_leaves_no_process() -> None:
    """Also in the middle of a picture."""
    large = view(*(wave(f"s{at}", at, at) for at in range(2000)))
    async with open_studio(Settings()) as studio, trio.open_nursery() as nursery:
        nursery.start_soon(studio.draw, SVG, source(view=large))
        await until(lambda: studio.statistics()["resident_bytes"] > 0)
        assert studio._process is not None
        pid = studio._process.pid
        nursery.cancel_scope.cancel()
    assert not await trio.Path(f"/proc/{pid}").exists()
