"""Servers on sockets that somebody else opened (R35)."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from http.client import HTTPConnection
from pathlib import Path

import pytest
import trio
from integration.bare_socket import Ended, bare_socket
from integration.process_manager import Manager
from integration.server_process import LONG_NOTICE, STOP_SECONDS, environment
from services.ports import free_port

from whiteboard import timeouts

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("uncounted_processes")]

STEPS = (
    timeouts.CONSUL_LEAVE,
    timeouts.DRAIN_GRACE,
    timeouts.HTTP_DRAIN,
    timeouts.CLEANUP,
    timeouts.COMMIT,
    timeouts.RECORD_CLOSE,
    timeouts.STORAGE_CLOSE,
)
"""What a stop may take, one after the other: the list of servers, the drain, the last records, the store."""


def ask(port: int, path: str = "/healthz", seconds: float = 30.0) -> int:
    """The status of an answer on a connection of its own."""
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_systemds_own_program_starts_the_server_for_the_first_visitor(tmp_path: Path) -> None:
    """`systemd-socket-activate` hands its socket over, and the server answers who has waited for it."""
    program = shutil.which("systemd-socket-activate")
    assert program, "no systemd-socket-activate: let tools/check install it"
    port = free_port()
    serve = [sys.executable, "-P", "-m", "whiteboard", "serve", "--addr", "systemd", "--mode", "memory"]
    passed = [f"--setenv={name}" for name in environment() if name.startswith(("PYTHON", "COVERAGE"))]
    with (tmp_path / "log").open("wb") as log:
        command = [program, f"--listen=127.0.0.1:{port}", *passed, *serve]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment(), cwd=tmp_path)
    try:
        while not _is_listening(port):
            assert process.poll() is None, (tmp_path / "log").read_text()
        assert ask(port) == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0
    finally:
        process.kill()
        process.wait(STOP_SECONDS)
    assert f"whiteboard is at http://127.0.0.1:{port}/" in (tmp_path / "log").read_text()


def _is_listening(port: int) -> bool:
    """By the system's own list: a connection would start the server."""
    local = f"0100007F:{port:04X} 00000000:0000 0A"
    return local in Path("/proc/net/tcp").read_text()


@pytest.mark.parametrize("workers", [1, 2])
def test_who_was_let_in_before_a_restart_is_served(tmp_path: Path, workers: int) -> None:
    """[R12] Although what they want is heard only when the server stops already."""
    patient = ("--timeouts", "last-heads=20,request-head=30")  # with what a slow machine says late
    with Manager(tmp_path) as manager, manager.server("--workers", str(workers), *patient) as server:
        manager.hears_of("READY=1")
        with socket.create_connection(("127.0.0.1", manager.port), STOP_SECONDS) as early:
            assert ask(manager.port) == 200  # who comes later is accepted later
            server.send_signal(signal.SIGTERM)
            manager.hears_of("STOPPING=1")
            early.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert early.recv(1_000).startswith(b"HTTP/1.1 200 ")
        assert server.wait(STOP_SECONDS) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_restart_refuses_nobody(tmp_path: Path, workers: int) -> None:
    """Visitors come all the time, through the drain, while there is no server, and through the start: each is served."""
    count = ("--workers", str(workers))
    with Manager(tmp_path) as manager:
        answers: list[int] = []
        is_over = threading.Event()

        def visit() -> None:
            while not is_over.is_set():
                answers.append(ask(manager.port, "/"))
                is_over.wait(0.01)

        crowd = [threading.Thread(target=visit) for _ in range(3)]
        with manager.server(*count) as first:
            assert manager.hears_of("READY=1")[1] == f"STATUS=serving http://127.0.0.1:{manager.port}/"
            for one in crowd:
                one.start()
            assert ask(manager.port) == 200
            first.send_signal(signal.SIGTERM)
            lines = manager.hears_of("STOPPING=1")
            assert lines[1] == "STATUS=draining"
            asked = re.fullmatch(r"EXTEND_TIMEOUT_USEC=(\d+)", lines[2])
            assert asked is not None
            assert int(asked[1]) >= 1_000_000 * sum(step.seconds for step in STEPS)
            assert first.wait(STOP_SECONDS) == 0
        with socket.create_connection(("127.0.0.1", manager.port), 5):  # with nobody there: it waits
            with manager.server(*count) as second:
                manager.hears_of("READY=1")
                assert ask(manager.port) == 200
                is_over.set()
                for one in crowd:
                    one.join()
                second.send_signal(signal.SIGTERM)
                assert second.wait(STOP_SECONDS) == 0
        assert len(answers) > 3
        assert set(answers) == {200}


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_stop_on_kept_sockets_drains(tmp_path: Path, workers: int) -> None:
    """People hear `drain`, are served until it is time, and leave with 1001, as with any server that stops. [DRN-2]"""
    with Manager(tmp_path) as manager, manager.server("--workers", str(workers), *LONG_NOTICE) as server:
        await trio.to_thread.run_sync(manager.hears_of, "READY=1")
        async with bare_socket(f"http://127.0.0.1:{manager.port}", "b") as one:
            await one.enter()
            server.send_signal(signal.SIGTERM)
            assert (await one.hear_kind("drain"))["reconnect"] == [0, 5]
            await one.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
            assert (await one.hear_kind("ack"))["seq"] == 1
            with pytest.raises(Ended) as ended:
                await one.hear_kind("nothing more")
        assert ended.value.code == 1001
        assert await trio.to_thread.run_sync(server.wait, STOP_SECONDS) == 0


def test_the_beat_stops_with_the_loop(tmp_path: Path) -> None:
    """It comes as long as the event loop runs, and no longer: a server that stands still is found out."""
    with Manager(tmp_path) as manager, manager.server() as server:
        manager.hears_of("READY=1")
        manager.hears_of("WATCHDOG=1")
        server.send_signal(signal.SIGSTOP)
        manager.is_silent_for(1.0)
        server.send_signal(signal.SIGCONT)
        manager.hears_of("WATCHDOG=1")


def test_without_a_socket_the_start_is_refused(tmp_path: Path) -> None:
    """Exit code 1 and a sentence, as with any address that cannot be had."""
    serve = [sys.executable, "-P", "-m", "whiteboard", "serve", "--addr", "systemd", "--mode", "memory"]
    ended = subprocess.run(
        serve, check=False, capture_output=True, text=True, env=environment(), cwd=tmp_path
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("whiteboard: cannot listen on systemd: no sockets were handed over")
