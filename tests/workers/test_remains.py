"""Processes that the system takes down."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from whiteboard.workers.remains import is_taken_down

WAITS = """
import sys, threading, time
for _ in range(int(sys.argv[1])):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
print("there", flush=True)
time.sleep(600)
"""
CONNECTIONS = 100


@pytest.mark.parametrize("threads", [0, 3])
@pytest.mark.parametrize("heard", [0, CONNECTIONS - 1])
def test_a_process_whose_connection_has_ended_is_taken_down(threads: int, heard: int) -> None:
    """Whichever of its connections it is, by the order of their numbers, that is seen to end when it is killed."""
    for _ in range(3):
        pairs = [socket.socketpair() for _ in range(CONNECTIONS)]
        process = subprocess.Popen(
            [sys.executable, "-c", WAITS, str(threads)],
            pass_fds=[theirs.fileno() for _, theirs in pairs],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        with process, process.stdout:
            for _, theirs in pairs:
                theirs.close()
            assert process.stdout.readline() == b"there\n"
            assert not is_taken_down(process.pid)
            process.kill()
            assert pairs[heard][0].recv(1) == b""
            assert is_taken_down(process.pid)
        for ours, _ in pairs:
            ours.close()


def test_who_has_ended_is_taken_down() -> None:
    """Also when its status was taken."""
    process = subprocess.Popen(["true"])
    process.wait()
    assert is_taken_down(process.pid)


@pytest.mark.parametrize("reason", [PermissionError, FileNotFoundError])
def test_where_nothing_is_shown_nobody_is_taken_down(
    monkeypatch: pytest.MonkeyPatch, reason: type[OSError]
) -> None:
    """Where this process may not look, and where there is no /proc."""

    def refuse(_: Path) -> Path:
        raise reason

    monkeypatch.setattr(Path, "readlink", refuse)
    assert not is_taken_down(os.getppid())
