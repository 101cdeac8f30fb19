"""What is planted in a running server is found and named by it, over HTTP."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
from integration.bare_socket import BareSocket, bare_socket
from integration.polling import until
from integration.server_process import PlantedServer

from whiteboard.diagnostics.memory.hot_path import WINDOW

pytestmark = pytest.mark.integration

TRIES = 5


@pytest.fixture(scope="module", params=["1", "2"], ids=["alone", "two workers"])
def planted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlantedServer]:
    """One server for all tests."""
    folder = tmp_path_factory.mktemp("planted")
    with PlantedServer(folder, "sqlite", "--workers", request.param, haste={}) as running:
        yield running


async def found(server: PlantedServer, kind: str) -> list[dict[str, Any]]:
    """All that was found of a kind, the latest first."""
    status, told = await server.fetch(f"/debug/findings?kind={kind}")
    assert status == 200
    return list(told["findings"])


async def stalled(server: PlantedServer, function: str) -> dict[str, Any]:
    """What was found of stalls in a function."""
    of_it = [one for one in await found(server, "stall") if one["subject"].endswith(f"Canvas.{function}")]
    return of_it[0] if of_it else {"count": 0}


@pytest.mark.parametrize(("kind", "function"), [("python", "trace"), ("call", "parse")])
async def test_a_stall_in_the_draw_path_is_found(planted: PlantedServer, kind: str, function: str) -> None:
    """In pure Python, and in a call that keeps the interpreter's lock: its stack, its task, how long. [R53]"""

    async def is_named(times: int) -> bool:
        return bool((await stalled(planted, function))["count"] >= times)

    one: dict[str, Any] = {}
    async with bare_socket(planted.url, "b") as ada:
        await ada.enter()
        for times in range(1, TRIES + 1):
            await draw(ada, f"{kind}-{times}")
            await until(partial(is_named, times))
            one = await stalled(planted, function)
            if one["facts"]["cause"] == "busy":
                break  # else the machine gave the loop so little of the core that it seemed to wait
    assert one["facts"]["cause"] == "busy"
    assert one["facts"]["seconds"] >= 0.1
    assert one["facts"]["task"]
    chain = [line.partition(" ")[0].rpartition(".")[2] for line in one["stack"]]
    assert chain[:2] == [function, "draw"]
    assert any("whiteboard.rooms" in line for line in one["stack"])


async def test_a_path_that_begins_to_allocate_is_found(tmp_path: Path) -> None:
    """Canvas.draw → … → alloc, by a server whose allocations are traced; people who only draw are not. [R52]"""
    with PlantedServer(tmp_path, "memory", haste={"GROWTH_LOOK": 0.25}, traced=True) as server:
        async with bare_socket(server.url, "b") as ada:
            await ada.enter()
            while await looks(server) <= 2 * WINDOW:
                await draw(ada, f"note-{trio.current_time()}")
            assert await found(server, "hot_allocation") == []

            async def is_named() -> bool:
                for _ in range(10):
                    await draw(ada, f"grows-{trio.current_time()}")
                return bool(await found(server, "hot_allocation"))

            await until(is_named, 240)
        one = (await found(server, "hot_allocation"))[0]
    assert one["subject"].endswith("planted_server.alloc")
    assert one["facts"]["path"].endswith("Canvas.draw → Canvas.keep → alloc")
    assert one["facts"]["share"] > 0.2
    assert one["facts"]["confidence"] >= 0.75


async def looks(server: PlantedServer) -> int:
    """How often it has looked at its allocations."""
    _, told = await server.fetch("/debug/status")
    return int(told["figures"]["whiteboard_allocation_looks_total"]["values"][""])


async def draw(author: BareSocket, element: str) -> None:
    """One note, and its ack."""
    await author.say({"type": "note", "id": element, "x": 1})
    await author.hear_kind("ack")
    await trio.sleep(0.01)
