"""The real process that draws, over real pipes."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from browser.picture import pixels
from core.scene.made import line, view, wave
from integration.polling import until
from render.played import source

from whiteboard.config import Settings
from whiteboard.ids import BoardId
from whiteboard.limits import MIB
from whiteboard.render import process as process_module
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


async def test_it_has_nothing_of_ours_but_its_pipes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It decodes what strangers send: keys and passwords of the environment are not for it, nor are our files."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    monkeypatch.setenv("WHITEBOARD_DEBUG_TOKEN", "another secret")
    ours = os.open(tmp_path / "ours", os.O_CREAT)
    os.set_inheritable(ours, True)
    process = await DrawingProcess.start(Settings())
    try:
        await process.exchange(Draw(SVG), view())
        environment = await trio.Path(f"/proc/{process.pid}/environ").read_bytes()
        assert b"PATH=" in environment
        assert b"secret" not in environment
        opened = [await file.readlink() for file in await trio.Path(f"/proc/{process.pid}/fd").iterdir()]
        assert trio.Path(tmp_path / "ours") not in opened
    finally:
        await process.end()  # noqa: ASYNC102 - what waits in it is shielded and ends
        os.close(ours)


@pytest.mark.parametrize(
    "said",
    [b"\xff\xff\xff\xff\xff\xff\xff\xff", b"\x00\x00\x00\x04\x00\x00\x00\x00junk"],
)
async def test_one_that_says_nonsense_is_as_good_as_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: bytes
) -> None:
    """More than there may be, or what cannot be read."""
    answer = tmp_path / "answer"
    answer.write_bytes(said)
    monkeypatch.setattr(process_module, "COMMAND", ("sh", "-c", f"cat {answer}; cat >/dev/null; #"))
    process = await DrawingProcess.start(Settings())
    try:
        with pytest.raises(ProcessLost):
            with trio.fail_after(60):
                await process.exchange(Draw(SVG), view())
    finally:
        await process.end()  # noqa: ASYNC102 - what waits in it is shielded and ends


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
