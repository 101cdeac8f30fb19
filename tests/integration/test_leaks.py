"""Leaks in a running server: what was planted is found and named, and where nothing was, nothing is (R44)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from integration.bare_socket import bare_socket
from integration.polling import until
from integration.server_process import HastyServer, ServerProcess

pytestmark = pytest.mark.integration

HASTE = {
    "LEAK_LOOK": 0.1,
    "LEAKED_OBJECT": 0.3,
    "LEAKED_TASK": 0.3,
    "STRAGGLER": 0.2,
    "SLOW_CLIENT": 0.3,
    "LOOKOUT": 0.1,
}
SESSIONS = 5
_LEAKY = Path(__file__).with_name("leaky_server.py")


class LeakyServer(HastyServer):
    """With faults."""

    @property
    def command(self) -> list[str]:
        python, isolated, _, *arguments = super().command
        return [python, isolated, str(_LEAKY), *arguments]


def faults(server: ServerProcess) -> dict[str, dict[str, Any]]:
    """What it has found, by kind, the latest of each."""
    lines = [line for line in server.log.splitlines() if '"fault_found"' in line]
    return {one["kind"]: one for one in map(json.loads, lines)}


async def come_and_go(server: ServerProcess, times: int) -> None:
    """Sessions that draw, one after the other; every other one is cut off."""
    for number in range(times):
        async with bare_socket(server.url, "b") as one:
            await one.enter()
            await one.say({"type": "note", "id": f"n{number}", "x": 1})
            await one.hear_kind("ack")
            if number % 2:
                await one.reset()


async def read_nothing(server: ServerProcess) -> None:
    """Somebody does not read what another one draws, until the server has had enough of it."""
    async with bare_socket(server.url, "b") as ada, bare_socket(server.url, "b", receive_bytes=4096) as bob:
        await ada.enter()
        await bob.enter()
        points = [[x * 1.37, x * 2.11] for x in range(900)]
        for number in range(300):  # more than the kernel takes for somebody who reads nothing
            await ada.say({"type": "stroke", "id": f"s{number}", "points": points})
            await ada.hear_kind("ack")
        await until(lambda: '"too slow"' in server.log)


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One for both tests."""
    with LeakyServer(tmp_path_factory.mktemp("leaky"), "memory", HASTE, "--log-format", "json") as running:
        yield running


async def test_planted_leaks_are_found_and_named_by_the_running_server(leaky: ServerProcess) -> None:
    """The session with who holds it, the task with where it runs and in whose nursery; each kind is one finding."""
    await come_and_go(leaky, SESSIONS)
    await until(lambda: {"leaked_session", "leaked_task"} <= set(faults(leaky)))
    await until(lambda: all(one["count"] == SESSIONS for one in faults(leaky).values()))
    session, task = faults(leaky)["leaked_session"], faults(leaky)["leaked_task"]
    assert session["subject"] == (
        "__main__.VISITORS.on_return[…]"
        " → function Visitors.remember.<locals>.who (closure cell 'session') → Session"
    )
    assert session["facts"]["session"].startswith("s-")
    assert session["facts"]["held_by"][0].startswith("__main__.VISITORS.on_return[")
    assert task["subject"].startswith("forget_later (leaky_server.py:")
    assert (task["facts"]["task"], task["facts"]["nursery_of"]) == ("forget visitors", "room b")
    assert task["at"][-1].startswith("forget_later (")


async def test_a_server_without_faults_finds_none(tmp_path: Path) -> None:
    """Sessions come and go, are cut off, and stop reading; boards are deleted; nothing of them is left."""
    with HastyServer(tmp_path, "memory", HASTE, "--log-format", "json") as server:
        for board in range(3):
            await come_and_go(server, SESSIONS)
            status, _ = await trio.to_thread.run_sync(server.request, "DELETE", "/api/boards/b")
            assert status == 204, board
        await read_nothing(server)
        await trio.sleep(3 * (HASTE["LEAKED_OBJECT"] + HASTE["LEAK_LOOK"]))
        assert faults(server) == {}
        counts = await server.counts()
        assert (counts["sessions"], counts["boards"]) == (0, 1)
