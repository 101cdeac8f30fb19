"""Scenarios of a server that stops: its own order of steps, with a real hub and real answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
import trio.testing
from rooms.conftest import BOARD, open_stage
from rooms.faulty import TappedStorage
from timeouts.scenarios.book import ALMOST, later, scenario
from timeouts.scenarios.sockets import GET
from transport.peers import echo, wire_pair

from whiteboard import timeouts
from whiteboard.config import Mode, Settings
from whiteboard.rooms.hub import Hub
from whiteboard.serve import _open_server
from whiteboard.storage.memory import open_memory
from whiteboard.timeouts import Timeout
from whiteboard.transport.demux import Demux
from whiteboard.transport.doorstep import Begin, Doorstep
from whiteboard.transport.http_front import AsgiApp, Receive, Scope, Send
from whiteboard.transport.hypercorn_bridge import HttpBridge
from whiteboard.transport.wire import Wire


@asynccontextmanager
async def open_server(hub: Hub, app: AsgiApp, *wires: Wire) -> AsyncIterator[None]:
    """A server of one hub that stops when the block ends; each wire has asked for a page."""
    bridge = HttpBridge(app)

    async def accept(begin: Begin, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        for wire in wires:
            begin(wire.socket, GET)
        task_status.started()
        await trio.sleep_forever()

    settings = Settings(mode=Mode.MEMORY, data=Path("unused"), drain_grace=timeouts.DRAIN_GRACE.seconds)
    doorstep = Doorstep(Demux(bridge, echo))
    async with _open_server(settings, doorstep, accept, listening=None, bridge=bridge, hub=hub):
        yield


async def _no_app(_: Scope, __: Receive, ___: Send) -> None:
    raise AssertionError("nobody asked for a page")


@scenario("a server drains while its store is slow", late="not stored yet")
async def a_server_drains_while_its_store_is_slow(entry: Timeout) -> str:
    """What people drew is stored just in time; later the server goes on to its next step without."""
    timeouts.CLEANUP.seconds = 10 * entry.default  # else a room gives up sooner
    stroke = {"type": "stroke", "id": "s1", "points": [[0, 0]]}
    async with open_memory() as memory, trio.open_nursery() as nursery:
        tapped = TappedStorage(memory)
        async with open_stage(tapped) as stage:
            line, _ = await stage.join()
            await line.expect("snapshot")
            async with open_server(stage.hub, _no_app):
                tapped.op_log.hold()
                line.say(stroke)
                await trio.testing.wait_all_tasks_blocked()
                nursery.start_soon(later, ALMOST * entry.default, tapped.op_log.flow.set)
            is_stored = await memory.op_log.head(BOARD) is not None
    return "stored" if is_stored else "not stored yet"


@scenario("a server drains while it answers", late="cut off")
async def a_server_drains_while_it_answers(entry: Timeout) -> str:
    """Sessions have used up their time; an answer that is under way ends just in time, or is cut off."""
    timeouts.DRAIN_GRACE.seconds = 0.001

    async def slow_app(_: Scope, __: Receive, send: Send) -> None:
        await trio.sleep(ALMOST * entry.default)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    wire, client = wire_pair()
    async with client.stream, open_stage() as stage:
        async with open_server(stage.hub, slow_app, wire):
            await trio.testing.wait_all_tasks_blocked()
        said = await client.rest()
    return "answered" if said.startswith(b"HTTP/1.1 200 ") else "cut off"
