"""The backup of docs/running.md, as it stands there."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import trio
from integration.bare_socket import BareSocket, bare_socket
from integration.conftest import Serve
from integration.polling import until

pytestmark = pytest.mark.integration

STATEMENTS = re.findall(
    r'sqlite3 \S+ "(.+)"$', (Path(__file__).parents[2] / "docs/running.md").read_text(), re.MULTILINE
)


def run_sql(database: Path, statement: str) -> None:
    """What the shell would do."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(statement)


async def draw_on(one: BareSocket, acked: list[int]) -> None:
    """Strokes without end, one after the other."""
    while True:
        await one.say({"type": "stroke", "id": f"s{len(acked)}", "points": [[0, 0]]})
        acked.append(int(str((await one.hear_kind("ack"))["seq"])))


async def test_a_copy_is_taken_while_people_draw_and_serves_as_another_history(
    serve: Serve, tmp_path: Path
) -> None:
    """It has what was acked when it began, under a new epoch; drawing went on."""
    copy_into, new_epoch = STATEMENTS
    server = serve("sqlite")
    restored = tmp_path / "restored" / "data"
    restored.mkdir(parents=True)
    acked: list[int] = []
    async with bare_socket(server.url, "b") as one:
        first = await one.enter()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(draw_on, one, acked)
            await until(lambda: len(acked) >= 50)
            before = acked[-1]
            copy = restored / "whiteboard.sqlite3"
            statement = copy_into.replace("/backup/whiteboard.sqlite3", str(copy))
            await trio.to_thread.run_sync(run_sql, server.folder / "data" / "whiteboard.sqlite3", statement)
            await until(lambda: acked[-1] > before + 10)
            nursery.cancel_scope.cancel()
    await trio.to_thread.run_sync(run_sql, copy, new_epoch)
    again = serve("sqlite", folder=restored.parent)
    assert (await again.board("b"))["seq"] >= before
    async with bare_socket(again.url, "b") as one:
        assert (await one.enter())["epoch"] != first["epoch"]
