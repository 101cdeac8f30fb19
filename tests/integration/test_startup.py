"""What keeps a server from starting, and how it says so."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from integration.conftest import Serve
from integration.server_process import START_SECONDS, ServerProcess, environment

pytestmark = pytest.mark.integration


def run(server: ServerProcess) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected to end at once."""
    return subprocess.run(
        server.command,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        env=environment(),
        cwd=server.folder,
        check=False,
    )


def test_second_server_on_the_same_data_refuses(serve: Serve) -> None:
    """A data directory belongs to one server: the second ends with 1 and a sentence."""
    first = serve("sqlite")
    second = ServerProcess(first.folder, "sqlite")
    ended = run(second)
    print(f"\nexit {ended.returncode}: {ended.stderr.strip()}")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "data" in ended.stderr
    first.wait_ready()


def test_data_is_free_again_after_a_kill(serve: Serve) -> None:
    """A killed server leaves no lock behind."""
    server = serve("sqlite")
    server.kill()
    server.start()
    server.wait_ready()


def test_taken_port_is_told(serve: Serve) -> None:
    """A port that is taken ends the server with 1 and a sentence that names it."""
    first = serve("memory")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        second = ServerProcess(first.folder, "memory")
        second.port = taken.getsockname()[1]
        ended = run(second)
    print(f"\nexit {ended.returncode}: {ended.stderr.strip()}")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert str(second.port) in ended.stderr


class Deaf(ServerProcess):
    """One whose starter ignores the ends of children, which a process inherits."""

    @property
    def command(self) -> list[str]:
        ignore = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
        return [sys.executable, "-c", ignore, *super().command]


def test_a_server_hears_of_its_children_whoever_started_it(tmp_path: Path) -> None:
    """The system would drop their ends else, and whoever waits for one would fail."""
    with Deaf(tmp_path, "memory") as server:
        ignored = re.search(r"SigIgn:\s*([0-9a-f]+)", Path(f"/proc/{server.pid}/status").read_text())
        assert ignored is not None
        assert not int(ignored[1], 16) & 1 << (signal.SIGCHLD - 1)
