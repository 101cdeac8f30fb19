"""`whiteboard top` as a program, at a real server and a real terminal."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from integration.server_process import ServerProcess, environment

pytestmark = pytest.mark.integration

SECONDS = 120.0
"""What a busy machine may take."""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One for the module; a test may stop it and start it again."""
    with ServerProcess(tmp_path_factory.mktemp("server"), "memory") as running:
        yield running


def command(*arguments: str) -> list[str]:
    """What is run."""
    return [sys.executable, "-P", "-m", "whiteboard", "top", *arguments]


def told(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What it says where there is no terminal."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, env=environment(), timeout=SECONDS, check=False
    )


class AtTerminal:
    """The program at a terminal."""

    def __init__(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self.resize(90, 20, tell=False)
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        self.seen = ""
        self.process = subprocess.Popen(
            command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=environment()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self.theirs)

    def resize(self, columns: int, rows: int, *, tell: bool = True) -> None:
        """A window of another size."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            self.process.send_signal(signal.SIGWINCH)

    def press(self, keys: str) -> None:
        """Keys, as they come from a keyboard."""
        self.seen = ""
        os.write(self._ours, keys.encode())

    def sees(self, text: str) -> str:
        """Wait until it is drawn; all that was drawn since the last key."""
        end = time.monotonic() + SECONDS
        while text not in ESCAPES.sub("", self.seen):
            assert time.monotonic() < end, f"{text!r} is not in {self.seen!r}"
            self._read()
        return self.seen

    def draws_within(self, columns: int, rows: int) -> None:
        """Wait until a whole picture fits."""
        end = time.monotonic() + SECONDS
        while not self._fits(columns, rows):
            assert time.monotonic() < end, self.seen[-2_000:]
            self._read()

    def _fits(self, columns: int, rows: int) -> bool:
        *_, latest = re.findall(r"\x1b\[H(.*?)\x1b\[J", self.seen, re.DOTALL) or ["x" * columns * 2]
        lines = [line.rstrip("\r") for line in ESCAPES.sub("", latest).split("\n")]
        return len(lines) <= rows and max(map(len, lines)) <= columns

    def _read(self) -> None:
        if select.select([self._ours], [], [], 0.1)[0]:
            try:
                self.seen += os.read(self._ours, 65536).decode("utf-8", "replace")
            except OSError:  # the program has ended
                time.sleep(0.01)

    def ends(self) -> int:
        """Its exit code."""
        end = time.monotonic() + SECONDS
        while self.process.poll() is None and time.monotonic() < end:
            self._read()
        while select.select([self._ours], [], [], 0)[0]:  # its last words
            self._read()
        return self.process.wait(timeout=1)


def test_one_look_for_scripts(server: ServerProcess) -> None:
    """As text, and as JSON; the same where there is no terminal."""
    text = told(server.url, "--once")
    assert text.returncode == 0
    assert text.stdout.startswith("whiteboard ")
    assert "sessions 0   boards 0" in text.stdout
    assert "\x1b" not in text.stdout + told(server.url).stdout
    status = json.loads(told(server.url, "--once", "--json").stdout)
    assert status["processes"][0]["pid"] == server.pid


def test_a_server_that_is_not_there(server: ServerProcess) -> None:
    """A sentence and exit code 1; 2 for what is no URL."""
    nobody = told("http://127.0.0.1:1/", "--once")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "refused" in nobody.stderr
    assert told("nonsense").returncode == 2


def test_at_a_terminal(server: ServerProcess) -> None:
    """It draws, sorts, follows the window's size, tells of a server that goes and comes back, and leaves all as it was."""
    with AtTerminal(server.url) as top:
        top.sees("*SESSIONS")
        top.press("b")
        assert "SESSIONS" in top.sees("*BOARD")
        top.press("s")
        top.sees("*SESSIONS")
        top.press("\x1b[B\x1bOQ")  # down, and F2
        top.sees("*SESSIONS")
        top.resize(40, 9)
        top.draws_within(40, 9)
        top.resize(120, 20)
        server.stop()
        top.sees("The server has not answered since")
        server.start()
        top.sees("The server is back")
        top.press("q")
        assert top.ends() == 0
        assert top.seen.endswith("\x1b[?25h\x1b[?1049l")
        assert termios.tcgetattr(top.theirs) == top.before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signals_leave_the_terminal_as_it_was(
    server: ServerProcess, number: signal.Signals, code: int
) -> None:
    """With the exit codes of the other commands."""
    with AtTerminal(server.url) as top:
        top.sees("*SESSIONS")
        top.process.send_signal(number)
        assert top.ends() == code
        assert "\x1b[?1049l" in top.seen
        assert termios.tcgetattr(top.theirs) == top.before


def test_a_terminal_that_goes_away_ends_it(server: ServerProcess) -> None:
    """Without a word: nobody is there to read it."""
    with AtTerminal(server.url) as top:
        top.sees("*SESSIONS")
        os.close(top.theirs)
        os.close(top._ours)
        top._ours, top.theirs = os.pipe()
        assert top.process.wait(SECONDS) == 0


def test_the_token_lets_in_from_elsewhere(tmp_path: Path) -> None:
    """A server that takes nobody on this machine for its operator takes who has the token."""
    token = tmp_path / "token"
    token.write_text("correct-horse-battery")
    options = ("--debug-token-file", str(token), "--trusted-proxies", "127.0.0.1")
    with ServerProcess(tmp_path, "memory", *options) as own:
        assert "403" in told(own.url, "--once").stderr
        assert told(own.url, "--once", "--token-file", str(token)).returncode == 0
