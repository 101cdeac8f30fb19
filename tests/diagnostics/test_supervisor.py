"""What the process manager is told, at a real datagram socket."""

import io
import itertools
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from whiteboard.config import LogFormat, LogLevel
from whiteboard.diagnostics import logs
from whiteboard.diagnostics.supervisor import Supervisor


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Listens as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        yield sock


def heard(manager: socket.socket) -> list[list[str]]:
    """Every datagram so far, in lines."""
    found = []
    while True:
        try:
            found.append(manager.recv(4096).decode().split("\n"))
        except BlockingIOError:
            return found


async def test_ready_and_stopping_are_told(manager: socket.socket) -> None:
    """In one datagram each; a long end asks for as much time."""
    environ = {"NOTIFY_SOCKET": manager.getsockname(), "HOME": "/"}
    supervisor = Supervisor.of(environ)
    await supervisor.ready("serving http://localhost:8080/")
    await supervisor.stopping("draining", 12.5)

    assert heard(manager) == [
        ["READY=1", "STATUS=serving http://localhost:8080/"],
        ["STOPPING=1", "STATUS=draining", "EXTEND_TIMEOUT_USEC=12500000"],
    ]
    assert environ == {"HOME": "/"}


async def test_an_abstract_socket_is_told_as_well() -> None:
    """Its name begins with @ in the variable and with a zero byte at the system."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("")  # the system chooses an abstract name
        manager.setblocking(False)
        name = "@" + manager.getsockname()[1:].decode()
        await Supervisor.of({"NOTIFY_SOCKET": name}).ready("here")
        assert heard(manager) == [["READY=1", "STATUS=here"]]


async def test_the_beat_comes_twice_in_the_managers_time(
    manager: socket.socket, autojump_clock: trio.testing.MockClock
) -> None:
    """At once, then each half of WATCHDOG_USEC, and no more when the block has ended."""
    environ = {
        "NOTIFY_SOCKET": manager.getsockname(),
        "WATCHDOG_USEC": "20000000",
        "WATCHDOG_PID": str(os.getpid()),
    }
    async with Supervisor.of(environ).watching():
        assert environ == {}
        await trio.sleep(35)
    await trio.sleep(100)

    assert heard(manager) == [["WATCHDOG=1"]] * 4


@pytest.mark.parametrize(
    "watchdog",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
async def test_who_is_not_watched_does_not_beat(
    manager: socket.socket, autojump_clock: trio.testing.MockClock, watchdog: dict[str, str]
) -> None:
    """No time, no number, or another process's."""
    async with Supervisor.of({"NOTIFY_SOCKET": manager.getsockname(), **watchdog}).watching():
        await trio.sleep(100)

    assert heard(manager) == []


async def test_without_a_manager_nothing_is_sent_or_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A shell sets no NOTIFY_SOCKET."""
    await Supervisor.of({}).ready("here")
    await Supervisor().stopping("draining", 1)

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "address", ["/nobody/listens/here", "vsock:2:1234", "/" + "x" * 200, "@" + "x" * 200]
)
async def test_a_manager_that_cannot_be_told_stops_nobody(address: str) -> None:
    """One line in the log, with the reason."""
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.INFO, stream)
    await Supervisor.of({"NOTIFY_SOCKET": address}).ready("here")

    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["address"]) == ("supervisor_not_told", address)
    assert line["reason"]


def crowd(manager: socket.socket) -> int:
    """How many datagrams one more sender gets into the manager's queue."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        for count in itertools.count():
            try:
                sock.sendto(b"x", manager.getsockname())
            except BlockingIOError:
                return count
    raise AssertionError("unreachable")


async def test_a_manager_that_stands_still_holds_up_nobody(
    manager: socket.socket, autojump_clock: trio.testing.MockClock
) -> None:
    """Its queue is full: after SUPERVISOR the server goes on."""
    while crowd(manager):
        pass
    stream = io.StringIO()
    logs.configure(LogFormat.JSON, LogLevel.INFO, stream)
    await Supervisor.of({"NOTIFY_SOCKET": manager.getsockname()}).ready("here")

    told = json.loads(stream.getvalue())
    assert told["reason"].startswith("supervisor took longer than 2 s")
    assert told["timeout"] == "supervisor"
