"""The real server killed inside its commit and inside its compaction, under load (R5)."""

import random
import sys
from pathlib import Path

import pytest
import trio
from integration.authors import AUTHORS, SEED, Author, check_log, resend, write
from integration.conftest import Serve
from integration.server_process import ServerProcess

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("uncounted_processes")]

LAUNCHER = Path(__file__).with_name("bombed_server.py")
FAULT_POINTS = [
    ("before COMMIT", 30),
    ("after COMMIT", 30),
    ("after INSERT INTO ops", 50),
    ("after INSERT INTO segments", 2),
    ("before UPDATE ops SET body", 3),
    ("after DELETE FROM checkpoints", 2),
    ("after INSERT OR REPLACE INTO checkpoint_parts", 2),
]


class BombedServer(ServerProcess):
    """A server that kills itself at a fault point."""

    def __init__(self, folder: Path, point: str, nth: int) -> None:
        super().__init__(folder, "sqlite")
        self._bomb = (point, str(nth))

    @property
    def command(self) -> list[str]:
        where = [str(self.folder / "data"), str(self.port)]
        start = f"import sys; sys.path.append({str(LAUNCHER.parents[1])!r}); import runpy; "
        return [
            sys.executable,
            "-P",
            "-c",
            f"{start} runpy.run_path({str(LAUNCHER)!r}, run_name='__main__')",
            *where,
            *self._bomb,
        ]


@pytest.mark.usefixtures("quick_return")
@pytest.mark.parametrize(("point", "nth"), FAULT_POINTS)
async def test_killed_at_fault_point(serve: Serve, tmp_path: Path, point: str, nth: int) -> None:
    """Killed there under load: every acked op is there once, without a gap, and keeps its seq."""
    bombed = BombedServer(tmp_path, point, nth)
    bombed.start()
    authors = [Author(number) for number in range(AUTHORS)]
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        for author in authors:
            nursery.start_soon(write, bombed.url, author, authors, random.Random(SEED + author.number), stop)
        assert await trio.to_thread.run_sync(bombed.wait) == -9
        server = serve("sqlite", port=bombed.port)
        stop.set()
    log = await server.ops("b")
    check_log(log, authors)
    for author in authors:
        await resend(server, author)
    assert await server.ops("b") == log
