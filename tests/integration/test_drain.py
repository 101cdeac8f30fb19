"""SIGTERM under load (R12, failure class "shutdown loses tail")."""

import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trio
from integration.bare_socket import BareSocket, Ended, bare_socket
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import LONG_NOTICE, STOP_SECONDS, ServerProcess, environment
from integration.test_http import knock

from whiteboard import limits, timeouts

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("uncounted_processes")]

CLIENTS = 6
TEXTS = 1_500
"""Of MAX_TEXT_CHARS each: 15 MB."""


@dataclass
class Heard:
    """What one client was told until its end."""

    acked: dict[str, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    drain: list[float] | None = None
    rejected: set[str] = field(default_factory=set)
    code: int | None = None


async def draw(url: str, number: int, heard: Heard) -> None:
    """Draw as fast as answers allow, and note everything until the server ends the connection."""
    async with bare_socket(url, "b") as one, trio.open_nursery() as nursery:
        await one.enter(client=f"c-{number}")
        nursery.start_soon(say_strokes, one, number)
        try:
            while True:
                note(await one.hear(), heard)
        except Ended as ended:
            heard.code = ended.code
        nursery.cancel_scope.cancel()


async def say_strokes(one: BareSocket, number: int) -> None:
    """Strokes without end, a few hundred a second."""
    try:
        for count in range(1, 1_000_000):
            op = {"type": "stroke", "id": f"s{number}-{count}", "points": [[0, 0]]}
            await one.say({**op, "opId": f"c-{number}:{count}"})
            await trio.sleep(0.002)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        return


def note(message: dict[str, object], heard: Heard) -> None:
    """Sort one message."""
    match message:
        case {"type": "ack", "opId": str(op_id), "seq": int(seq)}:
            heard.acked[op_id] = seq
        case {"type": "stroke", "opId": str(op_id), "seq": int(seq)}:
            heard.seen[op_id] = seq
        case {"type": "drain", "reconnect": list(bounds)}:
            heard.drain = bounds
        case {"type": "reject", "opId": str(op_id), "code": code, "retry": retry}:
            assert (code, retry) == ("draining", True)
            heard.rejected.add(op_id)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_sigterm_under_load_stores_what_was_accepted(serve: Serve, number: signal.Signals) -> None:
    """Everybody hears `drain` and 1001, what was acked or broadcast is stored, the exit code is 0. [DRN-2]"""
    server = serve("sqlite")
    all_heard = [Heard() for _ in range(CLIENTS)]
    async with trio.open_nursery() as nursery:
        for client, heard in enumerate(all_heard):
            nursery.start_soon(draw, server.url, client, heard)
        await until(lambda: min(len(heard.acked) for heard in all_heard) >= 20)
        server.process.send_signal(number)
        code = await trio.to_thread.run_sync(server.wait)
    assert code == 0, server.log
    for heard in all_heard:
        assert heard.drain == [0, 5]
        assert heard.code == 1001
    server.start()
    stored = {op["opId"]: op["seq"] for op in await server.ops("b")}
    assert sorted(stored.values()) == list(range(1, len(stored) + 1))
    for heard in all_heard:
        assert heard.acked.items() <= stored.items()
        assert heard.seen.items() <= stored.items()
        assert not heard.rejected & stored.keys()
    acked = sum(len(heard.acked) for heard in all_heard)
    rejected = sum(len(heard.rejected) for heard in all_heard)
    print(f"\n{number.name}: exit 0; {acked} acked and {rejected} rejected; {len(stored)} stored")
    assert acked == len(stored)


async def test_a_draining_server_answers_and_lets_nobody_in(serve: Serve) -> None:
    """Until the last board is stored new connections are told so, none is left waiting. [HTTP-3] [HTTP-14] [DRN-2]"""
    server = serve("sqlite", *LONG_NOTICE)
    async with bare_socket(server.url, "b") as one:
        await one.enter()
        server.process.send_signal(signal.SIGTERM)
        assert (await one.hear_kind("drain"))["reconnect"] == [0, 5]
        status, body = await server.fetch("/readyz")
        assert (status, body["error"]["reason"]) == (503, "draining")
        status, error = await knock(server, "/ws/b")
        assert (status, error["code"]) == (503, "unavailable")
        with pytest.raises(Ended) as ended:
            await one.hear()
        assert ended.value.code == 1001
    assert await trio.to_thread.run_sync(server.wait) == 0


async def test_a_stuck_reader_does_not_hold_up_the_exit(serve: Serve) -> None:
    """Where the sessions use up the grace, unread HTTP answers get no more than HTTP_DRAIN. [DRN-2]"""
    grace = 0.2
    assert grace < timeouts.DRAIN_NOTICE.seconds, "the drain must use it up"
    server = serve("memory", "--drain-grace", str(grace))
    async with bare_socket(server.url, "b") as one:
        await one.enter()
        await fill(one, TEXTS)
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with reader:
            reader.connect(("127.0.0.1", server.port))
            reader.sendall(b"GET /api/boards/b HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await trio.to_thread.run_sync(reader.recv, 1)
            server.process.send_signal(signal.SIGTERM)
            began = trio.current_time()
            assert await trio.to_thread.run_sync(server.wait) == 0
            took = trio.current_time() - began
    print(f"\nexit {took:.1f} s after SIGTERM, grace {grace} s")
    assert took < timeouts.HTTP_SEND.seconds - 2, "as who waits for the reader"


async def fill(one: BareSocket, texts: int) -> None:
    """Put large texts on the board: together more than a socket's buffers hold."""
    for number in range(texts):
        await one.say({"type": "text", "id": f"t{number}", "text": "x" * limits.MAX_TEXT_CHARS})
        await one.hear_kind("ack")


def test_a_signal_right_after_the_start_line_drains(tmp_path: Path) -> None:
    """Whoever reads the address may stop the server at once: it ends with 0, as always."""
    for attempt in range(3):
        server = ServerProcess(tmp_path / str(attempt), "memory")
        server.folder.mkdir()
        process = subprocess.Popen(
            server.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=STOP_SECONDS)
        assert "whiteboard is at http://" in line
        assert process.returncode == 0, told
        assert '"server_draining"' in told
        assert '"server_stopped"' in told
