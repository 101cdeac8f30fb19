"""Processes that the system takes down."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from whiteboard.workers.remains import has_files

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
def test_a_process_whose_connection_has_ended_has_no_files(threads: int, heard: int) -> None:
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
            assert has_files(process.pid)
            process.kill()
            assert pairs[heard][0].recv(1) == b""
            assert not has_files(process.pid)
        for ours, _ in pairs:
            ours.close()


def test_nobody_has_no_files() -> None:
    """One that has ended, and one that never was."""
    process = subprocess.Popen(["true"])
    process.wait()
    assert not has_files(process.pid)
    assert not has_files(0)


def test_who_may_not_look_takes_it_for_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where another user's processes are hidden."""

    def refuse(_: Path) -> Path:
        raise PermissionError

    monkeypatch.setattr(Path, "readlink", refuse)
    assert has_files(os.getpid())
