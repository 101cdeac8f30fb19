"""`go tool pprof`, Debian's, reads every profile of a real server under load (R51)."""

import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from urllib.request import Request, urlopen

import msgspec
import pytest
import trio
from integration.bare_socket import BareSocket, Ended, bare_socket
from integration.children import children_of
from integration.polling import until
from integration.server_process import HTTP_SECONDS, Json, ServerProcess

import whiteboard

pytestmark = pytest.mark.integration

BOARDS = ("maths", "music")
FRAMES = 4
CLIENTS = count()
PACKAGES = str(Path(whiteboard.__file__).parent.parent)
ALWAYS = {"allocs", "goroutine", "heap", "tasks", "threads"}
"""Profiles that need nothing but traced allocations."""


class TracedServer(ServerProcess):
    """The same with its allocations traced."""

    @property
    def command(self) -> list[str]:
        python, _, _, _, *arguments = super().command
        return [python, "-P", str(Path(__file__).with_name("traced_server.py")), str(FRAMES), *arguments]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all tests."""
    with TracedServer(tmp_path_factory.mktemp("profiled"), "sqlite") as running:
        yield running


async def pprof(server: ServerProcess, *arguments: str, refused: bool = False) -> str:
    """What the tool says with these flags, files and, for what begins with `@`, profiles, which it fetches itself."""
    go = shutil.which("go")
    assert go is not None, "needs Debian's golang-go"
    # Without it the tool waits for half as long again as it asks the server to look, which a busy machine may need for less.
    command = [go, "tool", "pprof", "-timeout=60", *(_address(server, argument) for argument in arguments)]
    environment = {"HOME": str(server.folder), "PPROF_TMPDIR": str(server.folder), "PATH": os.environ["PATH"]}
    ran = await trio.run_process(
        command, capture_stdout=True, capture_stderr=True, check=False, env=environment
    )
    told = (ran.stdout + ran.stderr).decode()
    assert (ran.returncode != 0) == refused, told
    return told


def _address(server: ServerProcess, argument: str) -> str:
    return f"{server.url}/debug/pprof/{argument[1:]}" if argument.startswith("@") else argument


def index(server: ServerProcess, under: str = "/debug/pprof/") -> Json:
    """What the index tells programs."""
    with urlopen(
        Request(server.url + under, headers={"accept": "application/json"}), timeout=HTTP_SECONDS
    ) as answer:
        told: Json = msgspec.json.decode(answer.read())
    return told


def profile(server: ServerProcess, name: str) -> bytes:
    """One as it is saved."""
    with urlopen(f"{server.url}/debug/pprof/{name}", timeout=HTTP_SECONDS) as answer:
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        content: bytes = answer.read()
    return content


@asynccontextmanager
async def load(server: ServerProcess) -> AsyncIterator[None]:
    """While the block runs, somebody draws on each board and somebody looks on."""
    async with trio.open_nursery() as nursery:
        for board in BOARDS:
            for draws in (True, False):
                await nursery.start(taking_part, server, board, draws)
        yield
        nursery.cancel_scope.cancel()


async def taking_part(
    server: ServerProcess, board: str, draws: bool, *, task_status: trio.TaskStatus[None]
) -> None:
    """A hundred strokes a second, or none."""
    async with bare_socket(server.url, board) as one, trio.open_nursery() as nursery:
        client = f"c-{next(CLIENTS)}"
        await one.enter(client=client)
        task_status.started()
        if draws:
            nursery.start_soon(say_strokes, one, client)
        with suppress(Ended):
            while True:
                await one.hear()


async def say_strokes(one: BareSocket, client: str) -> None:
    """For ever."""
    for number in count(1):
        op = {"type": "stroke", "id": f"{client}-{number}", "points": [[0, 0], [1, 1]]}
        await one.say({**op, "opId": f"{client}:{number}"})
        await trio.sleep(0.01)


async def test_the_tool_reads_every_profile(server: ServerProcess) -> None:
    """`-top` of each that the index names, fetched by the tool itself, while people draw; all say what they ran under."""
    profiles = {one["name"]: one["off"] for one in index(server)["profiles"]}
    assert set(profiles) >= ALWAYS
    async with load(server):
        for name in sorted(name for name, off in profiles.items() if off is None):
            told = await pprof(server, "-top", f"@{name}?seconds=1" if name == "profile" else f"@{name}")
            assert re.search(r"^Type: \w+$", told, re.MULTILINE), told
            assert "timeout_config_version" in told, told
        for name in sorted(name for name, off in profiles.items() if off is not None):
            told = await pprof(server, "-top", f"@{name}", refused=True)
            assert profiles[name]["reason"] in told


async def test_the_heap_names_our_functions(server: ServerProcess) -> None:
    """`-raw` has Go's four types, and places in our files with functions and lines; `-list` finds their source."""
    async with load(server):
        raw = await pprof(server, "-raw", "@heap")
        listed = await pprof(server, "-list", r"page\._walk$", "-source_path", PACKAGES, "@heap")

    assert "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes[dflt]" in raw
    assert re.search(r"M=1 whiteboard\.core\.\w+\.\S+ whiteboard/core/\w+\.py:\d+ s=\d+", raw), raw
    assert f"heap: {FRAMES} frames for " in raw
    assert "def _walk(" in listed, listed


async def test_some_seconds_of_the_heap(server: ServerProcess) -> None:
    """`?seconds=1` has what came in that time only: of boards under load what their ops leave behind."""
    async with load(server):
        whole = await pprof(server, "-raw", "@heap")
        delta = await pprof(server, "-raw", "@heap?seconds=1")

    assert re.search(r"^Duration: \d", delta, re.MULTILINE)
    assert delta.count(" M=1 ") < whole.count(" M=1 ") / 2
    assert "whiteboard.core." in delta


async def test_a_file_and_what_came_since(server: ServerProcess, tmp_path: Path) -> None:
    """`-diff_base` with a file that was saved before has the sessions that came, and no more; `-traces` has their owners."""
    await until(partial(server.has_sessions, 0))  # who drew for another test is gone
    before = tmp_path / "tasks"
    before.write_bytes(profile(server, "tasks"))
    async with load(server):
        more = await pprof(server, "-tags", "-diff_base", str(before), "@tasks")
        sessions = await pprof(server, "-traces", "-focus", r"session\.Session\.", "@goroutine")

    assert re.search(r" 4\.0 \(.*%\): session\n", more), more
    assert re.search(r" 0\.0 \(.*%\): hub: tick\n", more), more
    assert "whiteboard.rooms.hub.Hub." in sessions, sessions


async def test_another_one_has_to_wait(server: ServerProcess) -> None:
    """While one is taken the tool says of a second one why not; who goes ends theirs, and no child stays."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=HTTP_SECONDS)
    connection.request("GET", "/debug/pprof/heap?seconds=60")
    await until(lambda: index(server)["busy"] == "heap")

    told = await pprof(server, "-top", "@tasks", refused=True)
    connection.close()
    await until(lambda: index(server)["busy"] is None)

    assert "429" in told
    assert "heap is being taken, and there is one at a time" in told
    assert "Type: tasks" in await pprof(server, "-top", "@tasks")
    # Not at once: the growth watch has a child of its own for a moment now and then.
    await until(lambda: not children_of(server.pid))
