"""The code of docs/client.md, run against a server."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from client.hearing import until
from integration.server_process import ServerProcess

from whiteboard.client import BoardClient, Joined, OpEvent, Welcome, open_board

pytestmark = pytest.mark.integration

GUIDE = Path(__file__).parents[2] / "docs" / "client.md"


@pytest.fixture(scope="module")
def guide() -> SimpleNamespace:
    """What the guide's code defines, read from top to bottom as one program."""
    names: dict[str, Any] = {"__name__": "guide"}
    for code in re.findall(r"^```python\n(.+?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL):
        exec(compile(code, str(GUIDE), "exec"), names)
    return SimpleNamespace(**names)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that remembers."""
    with ServerProcess(tmp_path, "sqlite") as running:
        yield running


async def meet(board: BoardClient) -> None:
    """Return once somebody else is on the board of the welcome that comes next."""
    welcome = await until(board, Welcome)
    if not welcome.peers:
        await until(board, Joined)


async def hear_greeting(url: str, name: str) -> None:
    """Come to the board and return once one is greeted."""
    async with open_board(url, "b", name=name) as guest:
        async for event in guest.events():
            if isinstance(event, OpEvent) and event.op["text"] == f"Hello, {name}!":
                return


async def test_the_bot_greets_and_stays_through_a_restart(
    guide: SimpleNamespace, server: ServerProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who comes is greeted, also after the server was killed and started again. [ACK-5]"""
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery, open_board(server.url, "b", name="Host") as host:
            nursery.start_soon(guide.greet, server.url, "b")
            await meet(host)
            await hear_greeting(server.url, "Ada")
            await trio.to_thread.run_sync(server.kill)
            await trio.to_thread.run_sync(server.start)
            await meet(host)
            await hear_greeting(server.url, "Lin")
            nursery.cancel_scope.cancel()
    assert re.search(r"offline: .*\nback after \d+ attempts\n", capsys.readouterr().out)


async def test_the_replica_shows_what_the_server_shows(guide: SimpleNamespace, server: ServerProcess) -> None:
    """The guide's replica counts and shows what the API has, whatever was deleted."""
    async with open_board(server.url, "b", replica=guide.BoardReplica) as board:
        for number in range(4):
            await board.shape("line", (number, 0, 1, 1), element=f"r{number}")
        answer = await board.delete("r2")
        await board.reached(answer.seq)  # type: ignore[union-attr]  # it is acked
        assert isinstance(board.replica, guide.BoardReplica)
        assert board.replica.elements() == (await server.board("b"))["elements"]
    assert await guide.count(server.url, "b") == 3


async def test_a_later_run_is_the_same_client(guide: SimpleNamespace, server: ServerProcess) -> None:
    """What the guide keeps between two runs brings one back as oneself, with what was missed only. [RES-3]"""
    first = await guide.catch_up(server.url, "b", {})
    async with open_board(server.url, "b") as board:
        await board.shape("line", (0, 0, 1, 1))
    second = await guide.catch_up(server.url, "b", first)
    assert second == {**first, "since": 1}
