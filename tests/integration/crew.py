"""Servers of several workers, and what tests ask of them."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from integration.bare_socket import BareSocket, Ended, bare_socket
from integration.polling import until
from integration.server_process import Json, ServerProcess, environment

from whiteboard.ids import BoardId
from whiteboard.workers.routing import owner_of

WORKERS = 2
TWO = ("--workers", str(WORKERS))


def boards_of(number: int, count: int, kind: str = "board") -> list[str]:
    """Names of boards that a worker has."""
    names = (f"{kind}-{count}" for count in range(1_000))
    return [name for name in names if owner_of(BoardId(name), WORKERS) == number][:count]


async def workers(server: ServerProcess) -> list[Json]:
    """What `/debug/workers` tells of each."""
    status, body = await server.fetch("/debug/workers")
    assert status == 200, (status, body)
    found: list[Json] = body["workers"]
    return found


async def pid_of(server: ServerProcess, number: int) -> int:
    """A worker's process."""
    return int((await workers(server))[number]["pid"])


def events(server: ServerProcess, name: str) -> list[str]:
    """Lines of the log with an event."""
    return [line for line in server.log.splitlines() if f'"event": "{name}"' in line]


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and not only what is left of it."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def stroke(element: str) -> Json:
    """A point."""
    return {"type": "stroke", "id": element, "points": [[0, 0]]}


@asynccontextmanager
async def seated(server: ServerProcess, boards: list[str]) -> AsyncIterator[list[BareSocket]]:
    """One person on each board."""
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(bare_socket(server.url, board)) for board in boards]
        for person in people:
            await person.enter()
        yield people


async def begun(command: list[str], folder: Path, told: str) -> subprocess.Popen[bytes]:
    """A server in a process group of its own, once it has told something."""
    log = folder / "begun.log"
    front = begin(command, folder, log)
    await until(lambda: told in log.read_text())
    return front


def begin(command: list[str], folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """A process that writes both its outputs to a log."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command, stdout=output, stderr=output, env=environment(), cwd=folder, process_group=0
        )


async def hear_the_end(person: BareSocket) -> int | None:
    """Listen until the server closes the connection; the close code."""
    try:
        while True:
            await person.hear()
    except Ended as end:
        return end.code
