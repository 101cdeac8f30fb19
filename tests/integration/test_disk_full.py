"""A disk that takes no more (failure classes "quota bricks a session", "ready while broken")."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.bare_socket import BareSocket, Json, bare_socket
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import ServerProcess

pytestmark = pytest.mark.integration

SETTLE_SECONDS = 90.0
POINTS = [[number, number + 0.5] for number in range(2_000)]


def stroke(number: int) -> Json:
    """An op of about 20 KB."""
    return {"type": "stroke", "id": f"s{number}", "points": POINTS, "opId": f"c-1:{number}"}


async def send(one: BareSocket, op: Json) -> Json:
    """Send an op; its answer."""
    await one.say(op)
    while True:
        answer = await one.hear_kind("ack", "reject")
        if answer["opId"] == op["opId"]:
            return answer


async def wait_ready(server: ServerProcess, status: int) -> None:
    """Return once `/readyz` answers with this status."""

    async def answers() -> bool:
        return (await server.fetch("/readyz"))[0] == status

    await until(answers, SETTLE_SECONDS)


async def draw_until_full(one: BareSocket) -> tuple[int, Json]:
    """Draw until an op is refused; its number and the refusal."""
    for number in range(1, 2_000):
        answer = await send(one, stroke(number))
        if answer["type"] == "reject":
            return number, answer
        assert answer["seq"] == number
    raise AssertionError("the disk was never full")


async def live_through_it(server: ServerProcess, make_room: "Room") -> None:
    """Draw until the disk is full, look around, get room, draw on."""
    async with bare_socket(server.url, "b") as one, bare_socket(server.url, "b") as other:
        await one.enter(client="c-1")
        await other.enter()
        make_room.take()
        number, refusal = await draw_until_full(one)
        assert (refusal["code"], refusal["retry"]) == ("storage_unavailable", True)
        await wait_ready(server, 503)
        assert (await server.fetch("/healthz"))[0] == 200
        board = await server.board("b")
        assert (board["seq"], len(board["elements"])) == (number - 1, number - 1)
        async with bare_socket(server.url, "b") as late:
            assert (await late.enter())["seq"] == number - 1
        await one.say({"type": "cursor", "x": 1, "y": 2})
        await other.hear_kind("cursors")
        make_room.give()
        await wait_ready(server, 200)
        answer = await send(one, stroke(number))
        assert (answer["type"], answer["seq"]) == ("ack", number)
        assert (await send(one, stroke(1)))["seq"] == 1
    assert [op["opId"] for op in await server.ops("b")] == [f"c-1:{n}" for n in range(1, number + 1)]
    print(f"\nop {number} refused with {refusal['code']}: {refusal['reason']!r}; stored after room was made")


class Room:
    """Takes the room on the disk away and gives it back."""

    def take(self) -> None:
        """No more room."""

    def give(self) -> None:
        """Room again."""


class FileSizeRoom(Room):
    """By the limit on the size of the process's files."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server

    def take(self) -> None:
        data = self._server.folder / "data"
        largest = max(path.stat().st_size for path in data.rglob("*") if path.is_file())
        self._server.limit_file_size(max(largest, 1 << 20))

    def give(self) -> None:
        self._server.limit_file_size(None)


class TmpfsRoom(Room):
    """By filling a small file system of its own."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def take(self) -> None:
        free = shutil.disk_usage(self._ballast.parent).free
        self._ballast.write_bytes(bytes(max(free - (1 << 20), 0)))

    def give(self) -> None:
        self._ballast.unlink()


async def test_files_that_may_not_grow(serve: Serve) -> None:
    """Ops are refused as retryable, reading works, `/readyz` says 503, and all recovers by itself."""
    server = serve("sqlite")
    await live_through_it(server, FileSizeRoom(server))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB; needs the right to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a file system is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_full_file_system(serve: Serve, tmp_path: Path, small_disk: Path) -> None:
    """The same with a file system that is really full."""
    (tmp_path / "data").symlink_to(small_disk)
    server = serve("sqlite")
    await live_through_it(server, TmpfsRoom(small_disk))
    assert server.stop() == 0
