"""A real server samples what it is asked to, under load (R50, R51)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection

import msgspec
import pytest
import trio
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import HTTP_SECONDS, Json, ServerProcess
from integration.test_drain import Heard, draw
from integration.test_pprof import pprof

from whiteboard.diagnostics.profiles.pprof import decoded
from whiteboard.diagnostics.profiles.profile import Profile

pytestmark = pytest.mark.integration


async def ask(server: ServerProcess, path: str, told: object = None) -> tuple[int, bytes]:
    """A GET, or a POST of something as JSON."""

    def exchange() -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=HTTP_SECONDS)
        try:
            body = None if told is None else msgspec.json.encode(told)
            connection.request("GET" if told is None else "POST", path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    return await trio.to_thread.run_sync(exchange)


async def in_force(server: ServerProcess, worker: int) -> Json:
    """What a worker samples."""
    status, told = await server.fetch(f"/debug/workers/{worker}")
    assert status == 200
    found: Json = told["sampling"]["in_force"]
    return found


async def profile(server: ServerProcess, name: str) -> Profile:
    """A second of it, of whichever worker answers."""
    status, body = await ask(server, f"/debug/pprof/{name}?seconds=1")
    assert status == 200, body
    return decoded(body)


@asynccontextmanager
async def load(server: ServerProcess) -> AsyncIterator[None]:
    """While the block runs three people draw on a board, as fast as answers allow."""
    heard = [Heard() for _ in range(3)]
    async with trio.open_nursery() as nursery:
        for number, one in enumerate(heard):
            nursery.start_soon(draw, server.url, number, one)
        await until(lambda: all(one.acked for one in heard))
        yield
        nursery.cancel_scope.cancel()


async def test_all_workers_sample_until_it_is_ended(serve: Serve) -> None:
    """R50. Whichever of them is asked; a server without settings is for production. [SMP-2] [SMP-3]"""
    standing = serve("sqlite", "--workers", "2")
    status, body = await ask(
        standing, "/debug/sampling", {"block_rate": 50, "memory_frames": 3, "seconds": 60}
    )
    assert status == 200
    assert "away" not in msgspec.json.decode(body)
    for worker in (0, 1):
        told = await in_force(standing, worker)
        assert (told["block_rate"], told["memory_frames"], told["memory_rate"]) == (50, 3, 1)
    await ask(standing, "/debug/sampling", {"seconds": 0})
    for worker in (0, 1):
        told = await in_force(standing, worker)
        assert (told["block_rate"], told["memory_rate"]) == (0, 0)
    assert "sampling_asked" in standing.log
    assert "sampling_ended" in standing.log


async def test_profiles_of_a_server_that_works(serve: Serve) -> None:
    """R51. Waits, turns and CPU time of a second, also of what is off; and people draw on."""
    server = serve("memory")
    async with load(server):
        waits = await profile(server, "block")
        turns = await profile(server, "sched")
        cpu = await profile(server, "profile")
        assert [kind.kind for kind in waits.types] == ["contentions", "delay"]
        assert any("Pump.run" in frame.function for one in waits.samples for frame in one.stack)
        assert sum(one.values[2] for one in turns.samples) > 0
        assert sum(one.values[1] for one in cpu.samples) > 0
        assert {name for one in cpu.samples for name, _ in one.labels} <= {"kind", "task"}
        for name, kinds in (("block", "delay"), ("mutex", "delay"), ("sched", "delay"), ("profile", "cpu")):
            said = await pprof(server, "-top", f"@{name}?seconds=1")
            assert f"Type: {kinds}" in said
    _, told = await server.fetch("/debug/sampling")
    assert told["in_force"] == told["configured"]
