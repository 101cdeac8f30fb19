"""What is planted in a running server is found and named by it, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from integration.bare_socket import BareSocket, bare_socket
from integration.polling import until
from integration.server_process import PlantedServer

from whiteboard.diagnostics.memory.hot_path import WINDOW

pytestmark = pytest.mark.integration


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


@pytest.mark.parametrize(("element", "function"), [("python-1", "trace"), ("call-1", "parse")])
async def test_a_stall_in_the_draw_path_is_found(planted: PlantedServer, element: str, function: str) -> None:
    """In pure Python, and in a call that keeps the interpreter's lock: its stack, its task, how long. [R53]"""
    async with bare_socket(planted.url, "b") as ada:
        await ada.enter()
        await ada.say({"type": "note", "id": element, "x": 1})
        await ada.hear_kind("ack")

        async def is_named() -> bool:
            stalls = await found(planted, "stall")
            return any(one["subject"].endswith(f"Canvas.{function}") for one in stalls)

        await until(is_named)
    one = next(one for one in await found(planted, "stall") if one["subject"].endswith(function))
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

            await until(is_named, 60)
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
